#include "machine/kept_files.h"

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <string_view>
#include <utility>

#include "base/private_file.h"
#include "base/removed.h"
#include "base/win32_codes.h"

namespace rm {
namespace {

constexpr Milliseconds kNextTry{20};

Result<UniqueFd> OpenOwnFile(const std::string& path) {
  UniqueFd file = OpenPrivateFile(path);
  struct stat found {};
  if (!file || fstat(file.get(), &found) != 0)
    return Fail(kWriteFault, "{} cannot be made: {}.", path, std::strerror(errno));
  if (!S_ISREG(found.st_mode) || found.st_uid != geteuid() || found.st_nlink > 1)
    return Fail(kWriteFault, "{} is not a file of user {} alone.", path, geteuid());
  return file;
}

// A session's name is 64 random bits, in hexadecimal. Two that share a byte wait for each other.
off_t ByteOf(const std::string& session) {
  return static_cast<off_t>(std::strtoull(session.c_str(), nullptr, 16) >> 2);
}

}  // namespace

std::string GuardFile(const std::string& store_directory, const std::string& session) {
  return store_directory + "/guard-" + session;
}

Result<UniqueFd> LockFile(const std::string& path) {
  while (true) {
    auto file = OpenOwnFile(path);
    if (!file) return Pass(std::move(file));
    if (flock(file->get(), LOCK_EX | LOCK_NB) != 0) {
      if (errno == EWOULDBLOCK) return UniqueFd();
      return Fail(kWriteFault, "{} cannot be locked: {}.", path, std::strerror(errno));
    }
    // The lock is worth nothing when whoever had it has removed the file.
    if (!IsRemoved(*file)) return file;
  }
}

Result<std::shared_ptr<void>> BeginPaying(const std::string& store_directory,
                                          const std::string& session, TimePoint deadline) {
  auto file = OpenOwnFile(store_directory + "/paying");
  if (!file) return Pass(std::move(file));
  struct flock lock {};
  lock.l_type = F_WRLCK;
  lock.l_whence = SEEK_SET;
  lock.l_start = ByteOf(session);
  lock.l_len = 1;
  while (fcntl(file->get(), F_OFD_SETLK, &lock) != 0) {
    if (errno != EAGAIN && errno != EACCES && errno != EINTR)
      return Fail(kWriteFault, "{}/paying cannot be locked: {}.", store_directory,
                  std::strerror(errno));
    if (Clock::now() >= deadline)
      return Fail(kSemTimeout, "Somebody else stops or starts programs for the session {}.",
                  session);
    poll(nullptr, 0, static_cast<int>(kNextTry.count()));
  }
  // A child that was forked meanwhile has the same open file: to close ours does not end the lock.
  lock.l_type = F_UNLCK;
  return std::shared_ptr<void>(new UniqueFd(std::move(*file)), [lock](UniqueFd* locked) mutable {
    fcntl(locked->get(), F_OFD_SETLK, &lock);
    delete locked;
  });
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
