#include "procfs/identity.h"

#include <fcntl.h>
#include <linux/limits.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/win32_codes.h"
#include "procfs/read.h"

namespace rm {
namespace {

constexpr int kMostLinks = 40;  // MAXSYMLINKS, path_resolution(7)

// Follows the links by their text, one component after the other. 0 or an errno; on 0 `end` is the
// path without links.
int FollowLinks(const std::string& path, std::vector<std::string>& links, std::string& end) {
  std::string todo = path, target;
  int followed = 0;
  while (!todo.empty()) {
    const size_t slash = std::min(todo.find('/'), todo.size());
    const std::string name = todo.substr(0, slash);
    todo.erase(0, slash + 1);
    if (name.empty() || name == ".") continue;
    if (name == "..") {
      end.resize(end.empty() ? 0 : end.rfind('/'));
      continue;
    }
    const std::string here = end + '/' + name;
    const int error = ReadLinkAt(AT_FDCWD, here.c_str(), target);
    if (error == EINVAL) {  // not a link
      end = here;
      continue;
    }
    if (error) return error;
    if (++followed > kMostLinks) return ELOOP;
    links.push_back(here);
    if (target.starts_with('/')) end.clear();
    todo = target + '/' + todo;
  }
  if (end.empty() || path.ends_with('/')) end += '/';
  return 0;
}

// A directory, and the links on the way to it.
struct Directory {
  std::string path;
  std::vector<std::string> links;
  UniqueFd fd;
};

// 0 or an errno.
int OpenDirectory(const std::string& path, Directory& directory) {
  directory = {.path = path};
  struct open_how how {};
  how.flags = O_PATH | O_DIRECTORY | O_CLOEXEC;
  how.resolve = RESOLVE_NO_SYMLINKS;
  directory.fd.Reset(
      static_cast<int>(syscall(SYS_openat2, AT_FDCWD, path.c_str(), &how, sizeof how)));
  if (directory.fd) return 0;
  // Linux before 5.6 and some sandboxes do not know the call.
  if (errno != ELOOP && errno != ENOSYS && errno != EPERM) return errno;
  std::string end;
  if (const int error = FollowLinks(path, directory.links, end)) return error;
  directory.fd.Reset(open(end.c_str(), O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  return directory.fd ? 0 : errno;
}

int StatName(int directory, const std::string& name, struct statx& found) {
  return statx(directory, name.c_str(), AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_STATX_DONT_SYNC,
               STATX_BASIC_STATS | STATX_BTIME, &found) == 0
             ? 0
             : errno;
}

// `directory` is kept from one path to the next: most are in the same one. 0 or an errno.
int FindObject(FileResource& file, Directory& directory, struct statx& found) {
  const size_t slash = file.path.rfind('/');
  const std::string name = file.path.substr(slash + 1);
  const std::string parent = file.path.substr(0, std::max<size_t>(slash, 1));
  const bool plain = !name.empty() && name != "." && name != "..";
  if (plain) {
    if (directory.path != parent) {
      if (const int error = OpenDirectory(parent, directory)) {
        directory = {};
        return error;
      }
    }
    if (const int error = StatName(directory.fd.get(), name, found)) return error;
    if (!S_ISLNK(found.stx_mode)) {
      file.links = directory.links;
      return 0;
    }
  }
  std::string end;
  const int error = FollowLinks(file.path, file.links, end);
  std::erase(file.links, file.path);
  if (error) return error;
  return StatName(AT_FDCWD, end, found);
}

Result<FileResource> IdentifyIn(const std::string& path, Directory& directory) {
  if (!path.starts_with('/') || path.find('\0') != path.npos) {
    return Fail(kBadArguments, "\"{}\" is not an absolute path. Give the path from the root on.",
                path);
  }
  FileResource file{.path = path};
  struct statx found {};
  const int error = path.size() < PATH_MAX ? FindObject(file, directory, found) : ENAMETOOLONG;
  if (!error) file.at_registration = ToIdentity(found);
  if (error == ENAMETOOLONG) return Fail(kBadArguments, "The path {} is too long.", path);
  if (IsExhausted(error)) return Fail(kOutOfMemory, "Cannot open {}: {}.", path, strerror(error));
  return file;
}

}  // namespace

std::string WithoutLinks(const std::string& path) {
  if (!path.starts_with('/')) return path;
  std::vector<std::string> links;
  std::string end;
  return FollowLinks(path, links, end) == 0 ? end : path;
}

Result<FileResource> IdentifyFile(const std::string& path) {
  Directory directory;
  return IdentifyIn(path, directory);
}

Result<std::vector<FileResource>> IdentifyFiles(std::span<const std::string> paths) {
  std::vector<FileResource> files;
  files.reserve(paths.size());
  Directory directory;
  for (const std::string& path : paths) {
    Result<FileResource> file = IdentifyIn(path, directory);
    if (!file) return Pass(std::move(file));
    files.push_back(std::move(*file));
  }
  return files;
}

}  // namespace rm
