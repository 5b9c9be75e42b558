#include "procfs/tree_walker.h"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <linux/limits.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>

#include "base/win32_codes.h"
#include "procfs/handles_of.h"
#include "procfs/object_handle.h"
#include "procfs/read.h"

namespace rm {
namespace {

constexpr int kOpenDirectory = O_RDONLY | O_DIRECTORY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;

struct CloseDirectory {
  void operator()(DIR* directory) const { closedir(directory); }
};

bool IsMountRoot(const struct statx& found) {
  return (found.stx_attributes_mask & STATX_ATTR_MOUNT_ROOT) &&
         (found.stx_attributes & STATX_ATTR_MOUNT_ROOT);
}

}  // namespace

std::string TreeWalker::FullPath(const std::string& below) const {
  return root_ + (root_.ends_with('/') || below.empty() ? "" : "/") + below;
}

// Gone, another file system, or no directory any more: none of it is below the root.
Result<void> TreeWalker::CannotOpen(int error, const std::string& below, TreeSink& sink) const {
  if (IsExhausted(error))
    return Fail(kOutOfMemory, "Cannot open {}: {}.", FullPath(below), strerror(error));
  if (error != ENOENT && error != ENOTDIR && error != EXDEV && error != ELOOP)
    sink.Skip({FullPath(below), strerror(error)});
  return {};
}

Result<bool> TreeWalker::OpenRoot(Way way, TreeSink& sink) {
  struct open_how how {};
  how.flags = kOpenDirectory;
  if (way == Way::kNear) how.resolve = RESOLVE_NO_SYMLINKS;
  top_.Reset(static_cast<int>(syscall(SYS_openat2, AT_FDCWD, root_.c_str(), &how, sizeof how)));
  const bool unknown = !top_ && (errno == ENOSYS || errno == EPERM);
  if (!top_ && way == Way::kNear && (errno == ELOOP || unknown)) return false;
  if (unknown) top_.Reset(open(root_.c_str(), kOpenDirectory));
  if (!top_) {
    if (auto open = CannotOpen(errno, "", sink); !open) return Pass(std::move(open));
    return true;
  }
  struct statx found {};
  if (StatOpened(top_.get(), STATX_INO | STATX_MNT_ID, found) == 0) {
    mount_ = found.stx_mnt_id;
    device_ = DeviceOf(found);
    been_in_.emplace(device_, found.stx_ino);
  }
  return true;
}

// 0 or an errno. No link on the way is followed, even if one is put there now.
int TreeWalker::OpenBelow(const std::string& below, UniqueFd& opened) const {
  struct open_how how {};
  how.flags = kOpenDirectory;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
  if (!options_.other_file_systems) how.resolve |= RESOLVE_NO_XDEV;
  const char* path = below.empty() ? "." : below.c_str();
  opened.Reset(static_cast<int>(syscall(SYS_openat2, top_.get(), path, &how, sizeof how)));
  if (opened) return 0;
  // Linux before 5.6 and some sandboxes do not know the call. EPERM may be meant as it is, too.
  return errno == ENOSYS || errno == EPERM ? OpenStepByStep(below, opened) : errno;
}

int TreeWalker::OpenStepByStep(std::string_view below, UniqueFd& opened) const {
  opened.Reset(openat(top_.get(), ".", kOpenDirectory));
  while (opened && !below.empty()) {
    const size_t slash = std::min(below.find('/'), below.size());
    const std::string name(below.substr(0, slash));
    below.remove_prefix(std::min(slash + 1, below.size()));
    UniqueFd next(openat(opened.get(), name.c_str(), kOpenDirectory | O_NOFOLLOW));
    opened = std::move(next);
    struct stat found {};
    if (!opened || fstat(opened.get(), &found) != 0) return errno;
    if (!options_.other_file_systems && found.st_dev != device_) return EXDEV;
  }
  return opened ? 0 : errno;
}

Result<void> TreeWalker::GoFar(TreeSink& sink) {
  if (far_) return {};
  if (!top_)
    if (auto opened = OpenRoot(Way::kAny, sink); !opened) return Pass(std::move(opened));
  if (!top_) return {};
  if (ReadLinkAt(AT_FDCWD, fmt::format("/proc/self/fd/{}", top_.get()).c_str(), top_path_))
    return CannotOpen(ENOENT, "", sink);
  if (top_path_ == "/") top_path_.clear();
  top_.Reset();
  far_ = true;
  return {};
}

// 0 or an errno.
int TreeWalker::OpenFar(const std::string& below, int flags, UniqueFd& opened) const {
  struct open_how how {};
  how.flags = static_cast<unsigned>(flags | O_CLOEXEC);
  how.resolve = RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
  const std::string path = top_path_ + '/' + below;
  opened.Reset(static_cast<int>(syscall(SYS_openat2, AT_FDCWD, path.c_str(), &how, sizeof how)));
  return opened ? 0 : errno;
}

Result<void> TreeWalker::LookInto(const TreePlace& place, TreeSink& sink) {
  if (!is_open()) return {};
  UniqueFd opened;
  if (const int error =
          far_ ? OpenFar(place.below, kOpenDirectory, opened) : OpenBelow(place.below, opened))
    return CannotOpen(error, place.below, sink);
  std::unique_ptr<DIR, CloseDirectory> directory(fdopendir(opened.get()));
  if (!directory) return CannotOpen(errno, place.below, sink);
  const int fd = opened.Release();
  struct statx found {};
  const bool known = StatOpened(fd, STATX_MNT_ID, found) == 0;
  if (far_ && known && !options_.other_file_systems && found.stx_mnt_id != mount_) return {};
  const bool on_overlay = known && layers_.IsOverlay(found.stx_mnt_id);
  const bool may_have_handles = on_overlay || MayHaveOrigins(fd);
  std::vector<std::string> names;  // far away
  while (true) {
    if (options_.cancel.stop_requested())
      return Fail(kCancelled, "Looking below {} was cancelled.", root_);
    errno = 0;
    const dirent* entry = readdir(directory.get());
    if (!entry && errno != 0)
      if (auto told = CannotOpen(errno, place.below, sink); !told) return told;
    if (!entry) break;
    const std::string_view name = entry->d_name;
    if (name == "." || name == ".." || entry->d_type == DT_LNK) continue;
    if (far_)
      names.emplace_back(name);
    else if (auto added = Add(fd, may_have_handles, entry->d_name, place, sink); !added)
      return added;
  }
  directory.reset();
  for (const std::string& name : names)
    if (auto added = Add(-1, may_have_handles, name, place, sink); !added) return added;
  return {};
}

// 0 or an errno. Where the folder is not kept open, `object` is opened.
int TreeWalker::StatEntry(int folder, const std::string& name, const std::string& here,
                          UniqueFd& object, struct statx& found) const {
  constexpr unsigned kWanted = STATX_BASIC_STATS | STATX_BTIME | STATX_MNT_ID;
  if (folder < 0) {
    if (const int error = OpenFar(here, O_PATH | O_NOFOLLOW, object)) return error;
    return StatOpened(object.get(), kWanted, found);
  }
  if (automounts_.IsPoint(FullPath(here))) return StatCached(folder, name, kWanted, found);
  constexpr int kHow = AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_STATX_DONT_SYNC;
  return statx(folder, name.c_str(), kHow, kWanted, &found) == 0 ? 0 : errno;
}

Result<void> TreeWalker::Add(int folder, bool may_have_handles, const std::string& name,
                             const TreePlace& place, TreeSink& sink) {
  const std::string here = place.below + (place.below.empty() ? "" : "/") + name;
  UniqueFd object;
  struct statx found {};
  if (const int error = StatEntry(folder, name, here, object, found)) {
    if (error != EAGAIN) return CannotOpen(error, here, sink);
    if (options_.other_file_systems)
      sink.Skip({FullPath(here), "something is being mounted there"});
    return {};
  }
  if (S_ISLNK(found.stx_mode)) return {};
  if (!options_.other_file_systems && IsMountRoot(found)) return {};
  if (found_++ >= options_.most)
    return Fail(kOutOfMemory, "There are more than {} files below {}: take parts of it.",
                options_.most, root_);
  TreeEntry entry{here, ToIdentity(found), {}};
  entry.identity.size = 0;
  entry.identity.mtime_ns = 0;
  // Without a birth time, the handle tells later whether the number was given away.
  const bool is_unborn = !far_ && !entry.identity.btime_ns;
  if ((may_have_handles || is_unborn) && S_ISREG(found.stx_mode)) {
    struct statx opened {};
    if (!object) object.Reset(openat(folder, name.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
    // None if something else is there meanwhile.
    if (object && StatOpened(object.get(), STATX_INO, opened) == 0 && IsSameObject(opened, found))
      entry.handles = HandlesOf(object.get(), found, may_have_handles, process_.get(), layers_);
  }
  sink.Found(std::move(entry));
  const uint64_t dev = DeviceOf(found);
  if (!S_ISDIR(found.stx_mode) || automounts_.Mounts(dev, IsMountRoot(found))) return {};
  // Something may be mounted below itself.
  if (options_.other_file_systems && !been_in_.emplace(dev, found.stx_ino).second) return {};
  if (FullPath(here).size() >= PATH_MAX) return CannotOpen(ENAMETOOLONG, here, sink);
  sink.Enter({here, dev, IsMountRoot(found)});
  return {};
}

}  // namespace rm
