#include "procfs/tree.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/limits.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>
#include <optional>
#include <set>
#include <string_view>
#include <utility>

#include "base/unique_fd.h"
#include "base/win32_codes.h"
#include "procfs/child_answers.h"
#include "procfs/mounts.h"
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

// Where something is mounted that a server answers for, by device.
std::set<uint64_t> ServedDevices() {
  std::set<uint64_t> devices;
  const std::vector<MountLine> mounts = ReadMounts();
  const std::vector<std::string> points = ServedPoints(mounts);
  for (const MountLine& mount : mounts)
    if (std::ranges::count(points, mount.point)) devices.insert(mount.dev);
  return devices;
}

// By a child: who waits for a FUSE program cannot even be killed.
bool Answers(const std::string& directory, std::chrono::milliseconds patience) {
  ChildQuestions questions;
  questions.count = 1;
  questions.answer = [&](size_t) {
    const std::unique_ptr<DIR, CloseDirectory> opened(opendir(directory.c_str()));
    if (opened) readdir(opened.get());
    return "";
  };
  const auto answers = AnswersFromChild(questions, patience);
  return answers && answers->front();
}

class Walk {
 public:
  Walk(const std::string& root, const TreeOptions& options) : root_(root), options_(options) {}

  Result<TreeWalk> Run() {
    top_.Reset(open(root_.c_str(), kOpenDirectory));
    if (!top_) {
      if (auto open = CannotOpen(errno, ""); !open) return Pass(std::move(open));
      return std::move(walk_);
    }
    struct statx found {};
    if (statx(top_.get(), "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_INO, &found) == 0) {
      device_ = DeviceOf(found);
      been_in_.emplace(device_, found.stx_ino);
    }
    todo_.emplace_back();
    while (!todo_.empty()) {
      const std::string below = std::move(todo_.back());
      todo_.pop_back();
      if (auto looked = LookInto(below); !looked) return Pass(std::move(looked));
    }
    return std::move(walk_);
  }

 private:
  std::string FullPath(const std::string& below) const {
    return root_ + (root_.ends_with('/') || below.empty() ? "" : "/") + below;
  }

  // Gone, another file system, or no directory any more: none of it is below the root.
  Result<void> CannotOpen(int error, const std::string& below) {
    if (IsExhausted(error))
      return Fail(kOutOfMemory, "Cannot open {}: {}.", FullPath(below), strerror(error));
    if (error != ENOENT && error != ENOTDIR && error != EXDEV && error != ELOOP)
      walk_.skipped.push_back({FullPath(below), strerror(error)});
    return {};
  }

  // 0 or an errno. No link on the way is followed, even if one is put there now.
  int OpenBelow(const std::string& below, UniqueFd& opened) const {
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

  int OpenStepByStep(std::string_view below, UniqueFd& opened) const {
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

  Result<void> LookInto(const std::string& below) {
    UniqueFd opened;
    if (const int error = OpenBelow(below, opened)) return CannotOpen(error, below);
    const std::unique_ptr<DIR, CloseDirectory> directory(fdopendir(opened.get()));
    if (!directory) return CannotOpen(errno, below);
    const int fd = opened.Release();
    while (true) {
      if (options_.cancel.stop_requested())
        return Fail(kCancelled, "Looking below {} was cancelled.", root_);
      errno = 0;
      const dirent* entry = readdir(directory.get());
      if (!entry) return errno == 0 ? Result<void>() : CannotOpen(errno, below);
      const std::string_view name = entry->d_name;
      if (name == "." || name == ".." || entry->d_type == DT_LNK) continue;
      if (auto added = Add(fd, entry->d_name, below); !added) return added;
    }
  }

  Result<void> Add(int directory, const char* name, const std::string& below) {
    const std::string here = below + (below.empty() ? "" : "/") + name;
    struct statx found {};
    if (statx(directory, name, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_STATX_DONT_SYNC,
              STATX_TYPE | STATX_MODE | STATX_INO | STATX_BTIME, &found) != 0)
      return CannotOpen(errno, here);
    if (S_ISLNK(found.stx_mode)) return {};
    if (!options_.other_file_systems && IsMountRoot(found)) return {};
    if (walk_.entries.size() >= options_.most)
      return Fail(kOutOfMemory, "There are more than {} files below {}: take parts of it.",
                  options_.most, root_);
    FileIdentity identity = ToIdentity(found);
    identity.size = 0;
    identity.mtime_ns = 0;
    walk_.entries.push_back({here, identity});
    if (!S_ISDIR(found.stx_mode)) return {};
    if (IsMountRoot(found) && !MayEnter(here, identity.dev)) {
      walk_.skipped.push_back({FullPath(here), "its file system does not answer"});
      return {};
    }
    // Something may be mounted below itself.
    if (options_.other_file_systems && !been_in_.emplace(identity.dev, identity.ino).second)
      return {};
    if (FullPath(here).size() >= PATH_MAX) return CannotOpen(ENAMETOOLONG, here);
    todo_.push_back(here);
    return {};
  }

  bool MayEnter(const std::string& mount, uint64_t dev) {
    if (!served_) served_ = ServedDevices();
    return !served_->contains(dev) || Answers(FullPath(mount), options_.patience);
  }

  const std::string& root_;
  const TreeOptions& options_;
  std::optional<std::set<uint64_t>> served_;
  UniqueFd top_;
  uint64_t device_ = 0;
  std::vector<std::string> todo_;
  std::set<std::pair<uint64_t, uint64_t>> been_in_;
  TreeWalk walk_;
};

}  // namespace

Result<TreeWalk> WalkTree(const std::string& root, const TreeOptions& options) {
  return Walk(root, options).Run();
}

}  // namespace rm
