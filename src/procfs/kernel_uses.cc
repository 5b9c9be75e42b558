#include "procfs/kernel_uses.h"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <linux/loop.h>
#include <sys/ioctl.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <memory>
#include <optional>
#include <string>

#include "procfs/mounts.h"
#include "procfs/parse.h"
#include "procfs/read.h"

namespace rm {
namespace {

constexpr unsigned kWanted = STATX_INO | STATX_BTIME;

// FS_IOC_GETFSUUID of <linux/fs.h>, Linux 6.9; older headers lack it.
struct FileSystemUuid {
  uint8_t size;
  uint8_t uuid[16];
};
constexpr unsigned long kGetFileSystemUuid = _IOR(0x15, 0, FileSystemUuid);
constexpr off_t kErofsUuid = 1024 + 48;  // struct erofs_super_block

class KernelScan {
 public:
  KernelScan(const TargetSet& targets, std::vector<MountLine> mounts)
      : targets_(targets), mounts_(std::move(mounts)), root_(open("/", O_PATH | O_CLOEXEC)) {}

  void AddSwap(const std::string& path) { CompareName(path, {"swap", "", {}}, HoldKind::kSwap); }

  void AddLoop(const std::string& name) {
    const std::string folder = "/sys/block/" + name;
    std::string path, number;
    if (ReadFileAt(AT_FDCWD, (folder + "/loop/backing_file").c_str(), kSmallFile, path)) return;
    if (ReadFileAt(AT_FDCWD, (folder + "/dev").c_str(), kSmallFile, number)) return;
    for (std::string* text : {&path, &number}) {
      if (text->ends_with('\n')) text->pop_back();
    }
    const std::string device = "/dev/" + name;
    const KernelUse use{"loop device " + device, MountedFrom(number), {}};
    // The device knows which object it is; the name may be of another mount namespace.
    const std::optional<struct statx> backing = ReadLoop(device, number);
    if (CompareName(path, use, HoldKind::kLoopDevice, backing ? &*backing : nullptr) || !backing)
      return;
    targets_.ForIno(backing->stx_ino, [&](const FileTarget& target) {
      if (IsTarget(*backing, target)) Add(use, HoldKind::kLoopDevice, target);
    });
  }

  // Some file systems take an image without a loop device (erofs, Linux 6.12). The kernel keeps the
  // name as it was then.
  void AddMounts() {
    for (const MountLine& mount : mounts_) {
      if (!mount.source.starts_with('/') || mount.source.starts_with("/dev/")) continue;
      const KernelUse use{"mount " + mount.point, "", {}};
      if (IsImageOf(mount) && CompareName(mount.source, use, HoldKind::kMount)) continue;
      for (const FileTarget& target : targets_.targets())
        if (target.previous && target.path == mount.source) Add(use, HoldKind::kMount, target);
    }
  }

  std::vector<KernelUse> Take() {
    std::sort(uses_.begin(), uses_.end());
    uses_.erase(std::unique(uses_.begin(), uses_.end()), uses_.end());
    return std::move(uses_);
  }

 private:
  void Add(KernelUse use, HoldKind kind, const FileTarget& target) {
    use.holding.kind = kind;
    use.holding.file = target.file;
    use.holding.previous_content = target.previous;
    uses_.push_back(std::move(use));
  }

  // What is not `known`, if that is given, is another object of the same name. Whether the name
  // leads to what it stands for.
  bool CompareName(const std::string& path, const KernelUse& use, HoldKind kind,
                   const struct statx* known = nullptr) {
    UniqueFd object;
    struct statx found {};
    if (OpenCached(root_.get(), path, object) == 0 &&
        StatOpened(object.get(), kWanted | STATX_TYPE, found) == 0) {
      if (!S_ISREG(found.stx_mode) || (known && !IsSameObject(found, *known))) return false;
      targets_.ForIno(found.stx_ino, [&](const FileTarget& target) {
        if (IsTargetOrBelow(found, target, {object.get()}, layers_)) Add(use, kind, target);
      });
      return true;
    }
    for (const FileTarget& target : targets_.targets()) {
      if (!known && WasRemovedAs(path, target)) Add(use, kind, target);
    }
    return false;
  }

  // Whether what has the name now is still what was mounted by it, as far as both tell their UUID.
  bool IsImageOf(const MountLine& mount) const {
    UniqueFd point, image;
    struct statx found {};
    if (mount.type != "erofs" || OpenCached(root_.get(), mount.point, point) ||
        StatOpened(point.get(), STATX_INO, found) || DeviceOf(found) != mount.dev ||
        OpenCached(root_.get(), mount.source, image) ||
        StatOpened(image.get(), STATX_TYPE, found) || !S_ISREG(found.stx_mode)) {
      return true;
    }
    const UniqueFd inside(open(LinkTo(point).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    const UniqueFd content(open(LinkTo(image).c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
    FileSystemUuid mounted{};
    std::array<uint8_t, sizeof mounted.uuid> named{};
    if (!inside || ioctl(inside.get(), kGetFileSystemUuid, &mounted) ||
        mounted.size != named.size() ||
        pread(content.get(), named.data(), named.size(), kErofsUuid) != ssize_t{named.size()}) {
      return true;
    }
    return std::ranges::equal(named, mounted.uuid);
  }

  static std::string LinkTo(const UniqueFd& object) {
    return fmt::format("/proc/self/fd/{}", object.get());
  }

  // None: the device may not be asked.
  static std::optional<struct statx> ReadLoop(const std::string& device,
                                              const std::string& number) {
    const UniqueFd opened(open(device.c_str(), O_RDONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC));
    struct statx found {};
    loop_info64 info{};
    if (!opened || StatOpened(opened.get(), STATX_TYPE, found) || !S_ISBLK(found.stx_mode) ||
        fmt::format("{}:{}", found.stx_rdev_major, found.stx_rdev_minor) != number ||
        ioctl(opened.get(), LOOP_GET_STATUS64, &info)) {
      return std::nullopt;
    }
    struct statx backing {};
    backing.stx_mask = STATX_INO;
    backing.stx_ino = info.lo_inode;
    // As new_encode_dev() of the kernel packs it.
    backing.stx_dev_major = static_cast<uint32_t>((info.lo_device >> 8) & 0xfff);
    backing.stx_dev_minor =
        static_cast<uint32_t>((info.lo_device & 0xff) | ((info.lo_device >> 12) & 0xfff00));
    return backing;
  }

  std::string MountedFrom(const std::string& number) const {
    for (const MountLine& mount : mounts_) {
      if (fmt::format("{}:{}", major(mount.dev), minor(mount.dev)) == number) {
        return "mounted on " + mount.point;
      }
    }
    return "";
  }

  const TargetSet& targets_;
  const std::vector<MountLine> mounts_;
  const UniqueFd root_;
  Layers layers_{Layers::Wait::kMayNot};
  std::vector<KernelUse> uses_;
};

}  // namespace

std::vector<KernelUse> FindKernelUses(const ProcTree& proc, const TargetSet& targets) {
  if (!proc.live() || targets.targets().empty()) return {};
  KernelScan scan(targets, ReadMounts());
  std::string swaps;
  if (ReadFileAt(proc.fd(), "swaps", kSmallFile, swaps) == 0) {
    for (const std::string& path : SwapFiles(swaps)) scan.AddSwap(path);
  }
  const std::unique_ptr<DIR, int (*)(DIR*)> blocks(opendir("/sys/block"), closedir);
  while (const dirent* entry = blocks ? readdir(blocks.get()) : nullptr) {
    const std::string name = entry->d_name;
    if (name.starts_with("loop")) scan.AddLoop(name);
  }
  scan.AddMounts();
  return scan.Take();
}

}  // namespace rm
