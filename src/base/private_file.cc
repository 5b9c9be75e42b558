#include "base/private_file.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

namespace rm {
namespace {

constexpr mode_t kOwnersFile = S_IRUSR | S_IWUSR;

std::string NameOf(const UniqueFd& file) { return fmt::format("/proc/self/fd/{}", file.get()); }

// On file systems without O_TMPFILE.
int MakeInPlace(int directory, const char* name) {
  if (::mknodat(directory, name, S_IFREG | kOwnersFile, 0) != 0) return errno;
  return ::fchmodat(directory, name, kOwnersFile, 0) == 0 ? 0 : errno;
}

int GiveToOwner(const std::string& directory) {
  const UniqueFd made(::open(directory.c_str(), O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  struct stat about {};
  if (!made || ::fstat(made.get(), &about) != 0) return errno;
  if (about.st_uid != ::geteuid()) return EPERM;
  return ::chmod(NameOf(made).c_str(), S_IRWXU) == 0 ? 0 : errno;
}

}  // namespace

int MakePrivateFile(int directory, const char* name) {
  UniqueFd made(::openat(directory, ".", O_TMPFILE | O_WRONLY | O_CLOEXEC, kOwnersFile));
  if (!made && (errno == EOPNOTSUPP || errno == EISDIR)) return MakeInPlace(directory, name);
  if (!made || ::fchmod(made.get(), kOwnersFile) != 0) return errno;
  // Another thread may lock it as soon as it has its name, and would lose that lock when a
  // descriptor is closed; one of O_PATH is none of those.
  const UniqueFd nameless(::open(NameOf(made).c_str(), O_PATH | O_CLOEXEC));
  if (!nameless) return errno;
  made.Reset();
  const int linked =
      ::linkat(AT_FDCWD, NameOf(nameless).c_str(), directory, name, AT_SYMLINK_FOLLOW);
  return linked == 0 ? 0 : errno;
}

UniqueFd OpenPrivateFile(const std::string& path) {
  while (true) {
    UniqueFd file(::open(path.c_str(), O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
    if (file || errno != ENOENT) return file;
    const size_t slash = path.rfind('/');
    const UniqueFd directory(
        ::open(path.substr(0, slash).c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (!directory) return UniqueFd();
    if (const int error = MakePrivateFile(directory.get(), path.c_str() + slash + 1);
        error != 0 && error != EEXIST) {
      errno = error;
      return UniqueFd();
    }
  }
}

int MakePrivateDirectory(const std::string& path) {
  if (::access(path.c_str(), F_OK) == 0) return EEXIST;
  std::string fresh = path + ".XXXXXX";
  if (!::mkdtemp(fresh.data())) return errno;
  int error = GiveToOwner(fresh);
  if (error == 0 &&
      ::renameat2(AT_FDCWD, fresh.c_str(), AT_FDCWD, path.c_str(), RENAME_NOREPLACE) != 0)
    error = errno;
  if (error == 0) return 0;
  ::rmdir(fresh.c_str());
  if (error != EINVAL) return error;
  // A file system that cannot rename so.
  return ::mkdir(path.c_str(), S_IRWXU) == 0 ? GiveToOwner(path) : errno;
}

}  // namespace rm
