#include "procfs/device_uses.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/sysmacros.h>

#include <algorithm>
#include <set>

#include "procfs/block_devices.h"
#include "procfs/read.h"

namespace rm {
namespace {

uint64_t RdevOf(const struct statx& found) {
  return S_ISBLK(found.stx_mode) ? makedev(found.stx_rdev_major, found.stx_rdev_minor) : 0;
}

// Where this device is mounted. Btrfs has device numbers of its own, and shows one of its
// devices.
std::vector<std::string> PointsOf(const std::vector<MountLine>& mounts, uint64_t device) {
  const std::vector<BlockDevice> alike = BtrfsWith(device);
  std::vector<std::string> points;
  for (const MountLine& mount : mounts) {
    struct statx source {};
    const bool is_one = !alike.empty() && mount.type == "btrfs" &&
                        StatAt(AT_FDCWD, mount.source.c_str(), STATX_TYPE, source) == 0 &&
                        std::ranges::count(alike, RdevOf(source), &BlockDevice::number) != 0;
    if (mount.dev == device || is_one) points.push_back(mount.point);
  }
  return points;
}

}  // namespace

// Another namespace may have copies of all mounts of ours.
void DeviceUses::AddMounts(uint64_t device, std::vector<DeviceUse>& uses) {
  for (const std::string& point : PointsOf(spaces_.MountsOf(spaces_.Ours()), device))
    uses.push_back({"mount " + point, "", HoldKind::kMount});
  if (!uses.empty()) return;
  for (const MountSpace& space : spaces_.Others()) {
    const std::vector<std::string> points = PointsOf(spaces_.MountsOf(space), device);
    for (const std::string& point : points) {
      uses.push_back({"mount " + point, fmt::format("in the mount namespace of pid {}", space.pid),
                      HoldKind::kMount});
    }
    if (!points.empty()) return;
  }
  // A mount that was detached in use, a layer of an overlay, a mount namespace where nobody lives.
  if (const std::string type = FileSystemOn(device); !type.empty())
    uses.push_back({type + " file system",
                    "though no mount shows it: since it was unmounted, processes or an overlay "
                    "still use it",
                    HoldKind::kMount});
}

void DeviceUses::AddSwap(uint64_t device, std::vector<DeviceUse>& uses) {
  for (const SwapLine& swap : swaps_) {
    if (swap.file) continue;
    const auto is_it = [&](const MountSpaces::Named& named) {
      return RdevOf(named.status) == device;
    };
    if (spaces_.Find(swap.path, is_it)) uses.push_back({"swap", "", HoldKind::kSwap});
  }
}

std::vector<DeviceUse> DeviceUses::Of(uint64_t device) {
  std::vector<DeviceUse> uses;
  AddMounts(device, uses);
  AddSwap(device, uses);
  if (HasJournal(device)) uses.push_back({"journal of an ext4 file system", "", HoldKind::kMount});
  for (const LoopDevice& loop : loops_)
    if (loop.backing &&
        makedev(loop.backing->stx_rdev_major, loop.backing->stx_rdev_minor) == device)
      uses.push_back(
          {"loop device " + loop.node, WhereMounted(loop.number), HoldKind::kLoopDevice});
  for (const BlockDevice& made : MadeOf(device))
    uses.push_back({"device " + made.node, WhereMounted(made.number), HoldKind::kDevice});
  for (const BlockDevice& part : PartitionsOf(device)) {
    for (DeviceUse& use : Of(part.number)) {
      use.where += (use.where.empty() ? "by " : ", by ") + part.node;
      uses.push_back(std::move(use));
    }
  }
  return uses;
}

std::string DeviceUses::WhereMounted(uint64_t device) const {
  if (const auto points = PointsOf(spaces_.MountsOf(spaces_.Ours()), device); !points.empty())
    return "mounted on " + points.front();
  for (const auto& devices : {PartitionsOf(device), MadeOf(device)})
    for (const BlockDevice& one : devices)
      if (std::string where = WhereMounted(one.number); !where.empty()) return where;
  return "";
}

}  // namespace rm
