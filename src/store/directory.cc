#include "store/directory.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <string_view>

#include "base/private_file.h"
#include "base/win32_codes.h"

namespace rm {
namespace {

constexpr mode_t kOthersAccess = S_IRWXG | S_IRWXO;
constexpr char kVariable[] = "RESTART_MANAGER_DIR";

std::string PathOf(int fd) {
  char path[4096];
  const ssize_t size = ::readlink(fmt::format("/proc/self/fd/{}", fd).c_str(), path, sizeof path);
  return size > 0 ? std::string(path, static_cast<size_t>(size)) : "a directory above it";
}

Result<std::string> ChooseDirectory() {
  if (const char* chosen = ::secure_getenv(kVariable); chosen && *chosen) {
    std::string path = chosen;
    while (path.size() > 1 && path.back() == '/') path.pop_back();
    if (path.front() != '/')
      return Fail(kWriteFault, "{} is \"{}\", which is not an absolute path. Set it to one.",
                  kVariable, path);
    return path;
  }
  if (::geteuid() == 0) return kRootStoreDirectory;
  const char* runtime = ::secure_getenv("XDG_RUNTIME_DIR");
  // Under sudo, su and cron nobody sets it, and the user's sessions are there all the same.
  const std::string usual = fmt::format("/run/user/{}", ::geteuid());
  if ((!runtime || !*runtime) && ::access(usual.c_str(), W_OK) == 0) runtime = usual.c_str();
  if (!runtime || *runtime != '/')
    return Fail(
        kWriteFault,
        "There is no directory for the sessions of user {}: XDG_RUNTIME_DIR is not set to an "
        "absolute path. Log in through PAM, or set {} to a directory of your own.",
        ::geteuid(), kVariable);
  return std::string(runtime) + "/restart-manager";
}

// Whoever may rename what is in these directories could put another one in our place.
Result<void> VerifyAncestors(int directory, const std::string& path) {
  struct stat root {};
  if (::stat("/", &root) != 0)
    return Fail(kWriteFault, "Cannot examine \"/\": {}.", std::strerror(errno));
  struct stat below {};
  if (::fstat(directory, &below) != 0)
    return Fail(kWriteFault, "Cannot examine {}: {}.", path, std::strerror(errno));
  UniqueFd at;
  for (int from = directory;; from = at.get()) {
    at = UniqueFd(::openat(from, "..", O_PATH | O_DIRECTORY | O_CLOEXEC));
    struct stat above {};
    if (!at || ::fstat(at.get(), &above) != 0)
      return Fail(kWriteFault, "Cannot examine the directories above {}: {}.", path,
                  std::strerror(errno));
    if (above.st_dev == below.st_dev && above.st_ino == below.st_ino) return {};
    below = above;
    // The owner of "/" is root, or whoever stands for root in a user namespace that maps no root.
    const bool owner_trusted =
        above.st_uid == 0 || above.st_uid == ::geteuid() || above.st_uid == root.st_uid;
    const bool sticky = (above.st_mode & S_ISVTX) != 0;
    const bool group_writes = (above.st_mode & S_IWGRP) != 0 && above.st_gid != ::getegid();
    const bool others_write = (above.st_mode & S_IWOTH) != 0;
    if (owner_trusted && (sticky || !(group_writes || others_write))) continue;
    return Fail(
        kWriteFault,
        "The session directory {} is not safe: {} above it (owner {}, group {}, mode {:04o}) "
        "can be written by other users. Close it to them, or set {} to another directory.",
        path, PathOf(at.get()), above.st_uid, above.st_gid, above.st_mode & 07777, kVariable);
  }
}

}  // namespace

Result<std::string> StoreDirectory() {
  Result<std::string> path = ChooseDirectory();
  if (!path) return path;
  if (const int error = MakePrivateDirectory(*path); error != 0 && error != EEXIST)
    return Fail(kWriteFault, "Cannot create the session directory {}: {}. Set {} to another place.",
                *path, std::strerror(error), kVariable);
  if (auto opened = OpenPrivateDirectory(*path); !opened) return Pass(std::move(opened));
  return path;
}

Result<UniqueFd> OpenPrivateDirectory(const std::string& path) {
  UniqueFd directory(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  struct stat about {};
  if (!directory || ::fstat(directory.get(), &about) != 0) {
    const int cause = errno;
    if (::lstat(path.c_str(), &about) != 0 || S_ISDIR(about.st_mode))
      return Fail(kWriteFault, "Cannot open the session directory {}: {}.", path,
                  std::strerror(cause));
    return Fail(kWriteFault,
                "The session directory {} is {} (owner {}, mode {:04o}). Remove it, or set {} to "
                "another directory.",
                path, S_ISLNK(about.st_mode) ? "a symbolic link" : "not a directory", about.st_uid,
                about.st_mode & 07777, kVariable);
  }
  if (about.st_uid != ::geteuid())
    return Fail(kWriteFault,
                "The session directory {} belongs to user {} (mode {:04o}), not to user {}. Remove "
                "it, or set {} to a directory of your own.",
                path, about.st_uid, about.st_mode & 07777, ::geteuid(), kVariable);
  if ((about.st_mode & kOthersAccess) != 0)
    return Fail(kWriteFault,
                "The session directory {} (owner {}, mode {:04o}) is open to other users. See that "
                "nothing foreign is in it, then run: chmod 0700 '{}'",
                path, about.st_uid, about.st_mode & 07777, path);
  if (auto verified = VerifyAncestors(directory.get(), path); !verified)
    return Pass(std::move(verified));
  return directory;
}

Result<void> EnsurePrivateFile(int directory, const std::string& name, const std::string& path) {
  // Mostly it is there.
  const int error = ::faccessat(directory, name.c_str(), F_OK, AT_SYMLINK_NOFOLLOW) == 0
                        ? EEXIST
                        : MakePrivateFile(directory, name.c_str());
  if (error != 0 && error != EEXIST)
    return Fail(kWriteFault, "Cannot create the session store {}: {}.", path, std::strerror(error));
  return RequirePrivateFile(directory, name, path);
}

Result<void> RequirePrivateFile(int directory, const std::string& name, const std::string& path) {
  struct stat about {};
  if (::fstatat(directory, name.c_str(), &about, AT_SYMLINK_NOFOLLOW) != 0) {
    if (errno == ENOENT) return {};
    return Fail(kWriteFault, "Cannot examine the session store {}: {}.", path,
                std::strerror(errno));
  }
  if (!S_ISREG(about.st_mode) || about.st_uid != ::geteuid() ||
      (about.st_mode & kOthersAccess) != 0 || about.st_nlink != 1)
    return Fail(kWriteFault,
                "The session store {} (owner {}, mode {:06o}, {} links) must be a file of user {} "
                "with mode 0600 and no other name. When no installer is running, remove it.",
                path, about.st_uid, about.st_mode, about.st_nlink, ::geteuid());
  return {};
}

}  // namespace rm
