#include "machine/kept_files.h"

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string_view>
#include <utility>

#include "base/win32_codes.h"

namespace rm {
namespace {

constexpr Milliseconds kNextTry{20};

// The lock is worth nothing when whoever had it has removed the file.
bool IsStillThere(const UniqueFd& file) {
  struct stat found {};
  return fstat(file.get(), &found) == 0 && found.st_nlink != 0;
}

}  // namespace

std::string GuardFile(const std::string& store_directory, const std::string& session) {
  return store_directory + "/guard-" + session;
}

Result<UniqueFd> LockFile(const std::string& path) {
  while (true) {
    UniqueFd file(open(path.c_str(), O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600));
    struct stat found {};
    if (!file || fstat(file.get(), &found) != 0)
      return Fail(kWriteFault, "{} cannot be made: {}.", path, std::strerror(errno));
    if (!S_ISREG(found.st_mode) || found.st_uid != geteuid())
      return Fail(kWriteFault, "{} is not a file of user {}.", path, geteuid());
    if (flock(file.get(), LOCK_EX | LOCK_NB) != 0) {
      if (errno == EWOULDBLOCK) return UniqueFd();
      return Fail(kWriteFault, "{} cannot be locked: {}.", path, std::strerror(errno));
    }
    if (IsStillThere(file)) return file;
  }
}

Result<std::shared_ptr<void>> BeginPaying(const std::string& store_directory,
                                          const std::string& session, TimePoint deadline) {
  const std::string path = store_directory + "/paying-" + session;
  while (true) {
    auto lock = LockFile(path);
    if (!lock) return Pass(std::move(lock));
    if (*lock) {
      // Removed while it is locked: whoever waits for it makes a new one.
      auto* held = new UniqueFd(std::move(*lock));
      return std::shared_ptr<void>(held, [path](void* pointer) {
        unlink(path.c_str());
        delete static_cast<UniqueFd*>(pointer);
      });
    }
    if (Clock::now() >= deadline)
      return Fail(kSemTimeout, "Somebody else is starting what the session {} owes.", session);
    poll(nullptr, 0, static_cast<int>(kNextTry.count()));
  }
}

void CleanUp(const std::string& store_directory, const std::string& session) {
  const std::string relaunch = "relaunch-" + session + "-";
  unlink(GuardFile(store_directory, session).c_str());
  DIR* directory = opendir(store_directory.c_str());
  if (!directory) return;
  while (const dirent* entry = readdir(directory))
    if (std::string_view(entry->d_name).starts_with(relaunch))
      unlinkat(dirfd(directory), entry->d_name, 0);
  closedir(directory);
}

}  // namespace rm
