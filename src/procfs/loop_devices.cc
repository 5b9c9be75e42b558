#include "procfs/loop_devices.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/loop.h>
#include <sys/ioctl.h>
#include <sys/sysmacros.h>

#include <memory>

#include "base/unique_fd.h"
#include "procfs/block_devices.h"
#include "procfs/read.h"

namespace rm {
namespace {

// As new_encode_dev() of the kernel packs it.
uint32_t MajorIn(uint64_t packed) { return static_cast<uint32_t>((packed >> 8) & 0xfff); }
uint32_t MinorIn(uint64_t packed) {
  return static_cast<uint32_t>((packed & 0xff) | ((packed >> 12) & 0xfff00));
}

std::optional<struct statx> AskBacking(const LoopDevice& device) {
  const UniqueFd opened(open(device.node.c_str(), O_RDONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC));
  struct statx found {};
  loop_info64 info{};
  if (!opened || StatOpened(opened.get(), STATX_TYPE, found) || !S_ISBLK(found.stx_mode) ||
      makedev(found.stx_rdev_major, found.stx_rdev_minor) != device.number ||
      ioctl(opened.get(), LOOP_GET_STATUS64, &info)) {
    return std::nullopt;
  }
  struct statx backing {};
  backing.stx_mask = STATX_INO;
  backing.stx_ino = info.lo_inode;
  backing.stx_dev_major = MajorIn(info.lo_device);
  backing.stx_dev_minor = MinorIn(info.lo_device);
  backing.stx_rdev_major = MajorIn(info.lo_rdevice);
  backing.stx_rdev_minor = MinorIn(info.lo_rdevice);
  return backing;
}

std::optional<LoopDevice> Read(const std::string& name) {
  const std::string folder = "/sys/block/" + name;
  LoopDevice device;
  if (ReadFileAt(AT_FDCWD, (folder + "/loop/backing_file").c_str(), kSmallFile, device.path))
    return std::nullopt;
  const auto block = BlockDeviceAt(folder, name);
  if (!block) return std::nullopt;
  device.node = block->node;
  device.number = block->number;
  if (device.path.ends_with('\n')) device.path.pop_back();
  device.backing = AskBacking(device);
  return device;
}

}  // namespace

std::vector<LoopDevice> ReadLoopDevices() {
  std::vector<LoopDevice> devices;
  const std::unique_ptr<DIR, int (*)(DIR*)> blocks(opendir("/sys/block"), closedir);
  while (const dirent* entry = blocks ? readdir(blocks.get()) : nullptr) {
    const std::string name = entry->d_name;
    if (!name.starts_with("loop")) continue;
    if (auto device = Read(name)) devices.push_back(std::move(*device));
  }
  return devices;
}

}  // namespace rm
