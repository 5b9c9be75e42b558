#include <fcntl.h>
#include <fmt/core.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "apps/relaunch/become.h"

namespace rm {
namespace {

bool IsObject(int fd, const ObjectId& object, mode_t type) {
  struct statx found {};
  return statx(fd, "", AT_EMPTY_PATH, STATX_TYPE | STATX_INO | STATX_BTIME, &found) == 0 &&
         (found.stx_mode & S_IFMT) == type && ObjectIdOf(found) == object;
}

// None: something else is there now. Nothing is opened before that is known.
UniqueFd FindObject(const std::string& path, const ObjectId& object, mode_t type) {
  open_how how{};
  how.flags = O_PATH | O_CLOEXEC;
  how.resolve = RESOLVE_NO_SYMLINKS;
  UniqueFd found(static_cast<int>(syscall(SYS_openat2, AT_FDCWD, path.c_str(), &how, sizeof how)));
  if (found && !IsObject(found.get(), object, type)) found.Reset();
  return found;
}

}  // namespace

StreamFiles OpenSameFiles(const RelaunchSpec& spec) {
  StreamFiles files;
  for (size_t number = 0; number < files.size(); ++number) {
    const StandardStream& stream = spec.streams[number];
    const UniqueFd found = FindObject(stream.path, stream.object, S_IFREG);
    // O_NONBLOCK: somebody may have a lease on it.
    const int flags = (stream.flags & (O_ACCMODE | O_APPEND)) | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
    if (found)
      files[number].Reset(open(fmt::format("/proc/self/fd/{}", found.get()).c_str(), flags));
  }
  return files;
}

bool EnterSameDirectory(const RelaunchSpec& spec) {
  const UniqueFd found = FindObject(spec.directory, spec.directory_object, S_IFDIR);
  return found && fchdir(found.get()) == 0;
}

}  // namespace rm
