#include "guard/main/watch.h"

#include <poll.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <cstring>
#include <memory>
#include <utility>

#include "apps/ask.h"
#include "base/clock.h"
#include "base/removed.h"
#include "base/win32_codes.h"
#include "journal/socket.h"
#include "machine/kept_files.h"
#include "machine/machine_linux.h"
#include "session/recover.h"
#include "store/sqlite_store.h"

namespace rm {
namespace {

constexpr Milliseconds kLockLimit{30'000};
constexpr int kMostTries = 10;  // each of which waits for two minutes

// rm-relaunch lies beside this program.
std::string ProgramDirectory() {
  char path[4096];
  const ssize_t size = readlink("/proc/self/exe", path, sizeof path);
  const std::string program(path, size > 0 ? size : 0);
  return program.substr(0, program.rfind('/'));
}

Result<void> Pay(const WatchOptions& options) {
  auto machine = MakeLinuxMachine(ProgramDirectory());
  if (!machine) return Pass(std::move(machine));
  auto store = OpenSqliteStore(options.directory, kLockLimit, IsAlive);
  if (!store) return Pass(std::move(store));
  return Recover(std::shared_ptr<Machine>(std::move(*machine)),
                 std::shared_ptr<SessionStore>(std::move(*store)), options.directory, {}, Limits{},
                 ToJournal());
}

// False: the session needs no guard any more, its file is removed.
bool OwnerEndsFirst(const UniqueFd& owner, const UniqueFd& file, const UniqueFd& changes) {
  while (!IsRemoved(file)) {
    pollfd waits[] = {{owner.get(), POLLIN, 0}, {changes.get(), POLLIN, 0}};
    if (poll(waits, 2, -1) < 0 && errno != EINTR) return true;
    char events[sizeof(inotify_event) + NAME_MAX + 1];
    if (waits[1].revents)
      (void)!read(changes.get(), events, sizeof events);
    else if (waits[0].revents)
      return true;
  }
  return false;
}

}  // namespace

Result<void> WatchInBackground(const WatchOptions& options) {
  const std::string path = GuardFile(options.directory, options.session);
  auto owner = OpenProcess(options.owner);
  if (!owner) return Pass(std::move(owner));
  // One guard is enough; the lock ends with it, however it ends.
  auto lock = LockFile(path);
  if (!lock) return Pass(std::move(lock));
  if (!*lock) return {};
  // A file that is open, as this one is for its lock, is not deleted when it is removed,
  // inotify(7): its number of links changes.
  const UniqueFd changes(inotify_init1(IN_CLOEXEC));
  if (!changes || inotify_add_watch(changes.get(), path.c_str(), IN_ATTRIB) < 0)
    return Fail(kWriteFault, "{} cannot be watched: {}.", path, std::strerror(errno));
  const pid_t child = fork();
  if (child < 0) return Fail(kOutOfMemory, "No process can be made: {}.", std::strerror(errno));
  if (child > 0) return {};
  setsid();
  if (OwnerEndsFirst(*owner, *lock, changes)) {
    ToJournal()(OwnerDied(options.session, options.owner));
    // Another process that has the session open may still be stopping programs.
    Result<void> paid;
    for (int tries = 0; tries < kMostTries; ++tries)
      if (paid = Pay(options); paid || paid.error().code != kSemTimeout) break;
    unlink(path.c_str());
  }
  _exit(0);
}

}  // namespace rm
