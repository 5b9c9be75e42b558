#include "code/mount_table.h"

#include <sys/sysmacros.h>

#include <algorithm>
#include <array>

#include "procfs/mounts.h"
#include "procfs/parse.h"

namespace rm {
namespace {

// Of those without a block device. What is not in this list may ask a server or a program of a
// user.
constexpr std::array<std::string_view, 30> kLocal = {
    "bcachefs",  "binfmt_misc", "bpf",    "btrfs",    "cgroup",     "cgroup2",
    "configfs",  "debugfs",     "devpts", "devtmpfs", "efivarfs",   "erofs",
    "hugetlbfs", "jffs2",       "mqueue", "nsfs",     "overlay",    "proc",
    "pstore",    "ramfs",       "romfs",  "rootfs",   "securityfs", "selinuxfs",
    "squashfs",  "sysfs",       "tmpfs",  "tracefs",  "ubifs",      "zfs"};
constexpr std::array<std::string_view, 16> kMadeUp = {
    "binfmt_misc", "bpf",  "cgroup", "cgroup2", "configfs",   "debugfs",   "devpts", "efivarfs",
    "mqueue",      "nsfs", "proc",   "pstore",  "securityfs", "selinuxfs", "sysfs",  "tracefs"};
constexpr std::array<std::string_view, 4> kOwnNumbers = {"btrfs", "overlay", "bcachefs", "zfs"};
template <class List>
bool Contains(const List& list, std::string_view word) {
  return std::find(list.begin(), list.end(), word) != list.end();
}

}  // namespace

MountTable MountTable::Parse(std::string_view mountinfo) {
  MountTable table;
  std::vector<MountLine> mounts;
  for (const std::string& line : Split(mountinfo, '\n'))
    if (auto mount = ParseMountLine(line)) mounts.push_back(std::move(*mount));
  const std::vector<std::string> served = ServedPoints(mounts);
  for (const MountLine& mount : mounts) {
    const bool local = (Contains(kLocal, mount.type) || major(mount.dev) != 0) &&
                       std::ranges::count(served, mount.point) == 0;
    const Kind kind{.local = local, .holds_files = local && !Contains(kMadeUp, mount.type)};
    table.mounts_[mount.id] = {{mount.dev, mount.root}, mount.point, kind};
    Device& device = table.devices_.try_emplace(mount.dev, Device{kind}).first->second;
    device.kind.local = device.kind.local && kind.local;
    device.kind.holds_files = device.kind.holds_files && kind.holds_files;
    device.own_numbers = device.own_numbers || Contains(kOwnNumbers, mount.type);
    if (!local) table.foreign_.push_back(mount.point);
  }
  return table;
}

std::optional<MountTable::Kind> MountTable::KindOfMount(uint64_t mount_id) const {
  const auto found = mounts_.find(mount_id);
  return found == mounts_.end() ? std::nullopt : std::optional(found->second.kind);
}

std::optional<MountTable::Kind> MountTable::KindOfDevice(uint64_t dev) const {
  const auto found = devices_.find(dev);
  return found == devices_.end() ? std::nullopt : std::optional(found->second.kind);
}

bool MountTable::IsLocalMount(uint64_t mount_id) const {
  return KindOfMount(mount_id).value_or(Kind{}).local;
}

bool MountTable::HoldsFiles(uint64_t mount_id) const {
  return KindOfMount(mount_id).value_or(Kind{}).holds_files;
}

bool MountTable::IsLocalDevice(uint64_t dev) const {
  // A block device's file system answers; without one (major 0) it may be anything.
  return KindOfDevice(dev).value_or(Kind{.local = major(dev) != 0}).local;
}

bool MountTable::IsLocalPath(std::string_view path) const {
  return std::none_of(foreign_.begin(), foreign_.end(),
                      [&](const std::string& point) { return IsBelow(path, point); });
}

std::optional<MountTable::Origin> MountTable::RemovedOrigin(uint64_t mount_id) const {
  constexpr std::string_view kRemoved = "//deleted";
  const auto found = mounts_.find(mount_id);
  if (found == mounts_.end() || !found->second.root.path.ends_with(kRemoved)) return std::nullopt;
  Origin origin = found->second.root;
  origin.path.resize(origin.path.size() - kRemoved.size());
  return origin;
}

std::vector<MountTable::Place> MountTable::PlacesOf(const Origin& origin) const {
  std::vector<Place> places;
  for (const auto& [id, mount] : mounts_) {
    if (mount.root.dev != origin.dev || !IsBelow(origin.path, mount.root.path)) continue;
    const std::string below =
        mount.root.path == "/" ? origin.path : origin.path.substr(mount.root.path.size());
    places.push_back({id, (mount.point == "/" ? "" : mount.point) + below});
  }
  return places;
}

bool MountTable::HasOwnNumbers(uint64_t dev) const {
  const auto found = devices_.find(dev);
  return found != devices_.end() && found->second.own_numbers;
}

}  // namespace rm
