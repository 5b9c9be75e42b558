#include "code/mount_table.h"

#include <sys/sysmacros.h>

#include <algorithm>
#include <array>

#include "procfs/parse.h"

namespace rm {
namespace {

// What is not in this list may ask a server or a program of a user: nfs, cifs, 9p, fuse, autofs...
constexpr std::array<std::string_view, 42> kLocal = {
    "bcachefs", "binfmt_misc", "bpf",      "btrfs",    "cgroup",     "cgroup2",   "configfs",
    "cramfs",   "debugfs",     "devpts",   "devtmpfs", "efivarfs",   "erofs",     "exfat",
    "ext2",     "ext3",        "ext4",     "f2fs",     "hugetlbfs",  "iso9660",   "jfs",
    "minix",    "mqueue",      "nilfs2",   "nsfs",     "ntfs3",      "overlay",   "proc",
    "pstore",   "ramfs",       "reiserfs", "rootfs",   "securityfs", "selinuxfs", "squashfs",
    "sysfs",    "tmpfs",       "tracefs",  "udf",      "vfat",       "xfs",       "zfs"};
constexpr std::array<std::string_view, 16> kMadeUp = {
    "binfmt_misc", "bpf",  "cgroup", "cgroup2", "configfs",   "debugfs",   "devpts", "efivarfs",
    "mqueue",      "nsfs", "proc",   "pstore",  "securityfs", "selinuxfs", "sysfs",  "tracefs"};
constexpr std::array<std::string_view, 4> kOwnNumbers = {"btrfs", "overlay", "bcachefs", "zfs"};
template <class List>
bool Contains(const List& list, std::string_view word) {
  return std::find(list.begin(), list.end(), word) != list.end();
}

// Blank, tab, newline and backslash are written as three octal digits.
std::string Unescape(std::string_view text) {
  std::string plain;
  for (size_t i = 0; i < text.size(); ++i) {
    const auto code = text[i] == '\\' ? ParseNumber(text.substr(i + 1, 3), 8) : std::nullopt;
    plain += code ? static_cast<char>(*code) : text[i];
    if (code) i += 3;
  }
  return plain;
}

bool IsBelow(std::string_view path, std::string_view directory) {
  return directory == "/" || path == directory ||
         (path.starts_with(directory) && path.substr(directory.size()).starts_with('/'));
}

}  // namespace

MountTable MountTable::Parse(std::string_view mountinfo) {
  MountTable table;
  for (const std::string& line : Split(mountinfo, '\n')) {
    const std::vector<std::string> words = Split(line, ' ');
    const auto dash = std::find(words.begin(), words.end(), "-");
    if (words.size() < 7 || words.end() - dash < 2) continue;
    const auto id = ParseNumber(words[0]);
    const size_t colon = words[2].find(':');
    const auto major = ParseNumber(std::string_view(words[2]).substr(0, colon));
    const auto minor = colon == std::string::npos
                           ? std::nullopt
                           : ParseNumber(std::string_view(words[2]).substr(colon + 1));
    if (!id || !major || !minor) continue;
    const std::string& type = *(dash + 1);
    const bool local = Contains(kLocal, type);
    const Kind kind{.local = local, .holds_files = local && !Contains(kMadeUp, type)};
    table.mounts_[*id] = kind;
    const uint64_t dev = makedev(static_cast<unsigned>(*major), static_cast<unsigned>(*minor));
    Device& device = table.devices_.try_emplace(dev, Device{kind}).first->second;
    device.kind.local = device.kind.local && kind.local;
    device.kind.holds_files = device.kind.holds_files && kind.holds_files;
    device.own_numbers = device.own_numbers || Contains(kOwnNumbers, type);
    if (!local) table.foreign_.push_back(Unescape(words[4]));
  }
  return table;
}

std::optional<MountTable::Kind> MountTable::KindOfMount(uint64_t mount_id) const {
  const auto found = mounts_.find(mount_id);
  return found == mounts_.end() ? std::nullopt : std::optional(found->second);
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

bool MountTable::HasOwnNumbers(uint64_t dev) const {
  const auto found = devices_.find(dev);
  return found != devices_.end() && found->second.own_numbers;
}

}  // namespace rm
