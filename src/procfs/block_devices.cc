#include "procfs/block_devices.h"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <memory>
#include <optional>

#include "procfs/read.h"

namespace rm {
namespace {

// Links are followed: those of /sys are the kernel's.
std::vector<std::string> NamesIn(const std::string& folder) {
  const std::unique_ptr<DIR, int (*)(DIR*)> opened(opendir(folder.c_str()), closedir);
  std::vector<std::string> names;
  while (const dirent* entry = opened ? readdir(opened.get()) : nullptr)
    if (entry->d_name[0] != '.') names.emplace_back(entry->d_name);
  std::ranges::sort(names);
  return names;
}

std::string FolderOf(uint64_t device) {
  return fmt::format("/sys/dev/block/{}:{}", major(device), minor(device));
}

// `file`: only those that have it.
std::vector<BlockDevice> DevicesIn(const std::string& folder, const std::string& file = "dev") {
  std::vector<BlockDevice> devices;
  for (const std::string& name : NamesIn(folder)) {
    const std::string here = folder + "/" + name;
    if (access((here + "/" + file).c_str(), F_OK)) continue;
    if (auto device = BlockDeviceAt(here, name)) devices.push_back(std::move(*device));
  }
  return devices;
}

std::string NameOf(uint64_t device) {
  std::string target;
  if (ReadLinkAt(AT_FDCWD, FolderOf(device).c_str(), target)) return "";
  return target.substr(target.rfind('/') + 1);
}

}  // namespace

// A '!' stands for the '/' in the name of a node.
std::optional<BlockDevice> BlockDeviceAt(const std::string& folder, std::string name) {
  std::string text;
  if (ReadFileAt(AT_FDCWD, (folder + "/dev").c_str(), kSmallFile, text)) return std::nullopt;
  unsigned high = 0, low = 0;
  if (sscanf(text.c_str(), "%u:%u", &high, &low) != 2) return std::nullopt;
  std::ranges::replace(name, '!', '/');
  return BlockDevice{"/dev/" + name, makedev(high, low)};
}

std::vector<BlockDevice> PartitionsOf(uint64_t device) {
  return DevicesIn(FolderOf(device), "partition");
}

std::vector<BlockDevice> MadeOf(uint64_t device) {
  return DevicesIn(FolderOf(device) + "/holders");
}

std::vector<BlockDevice> BtrfsWith(uint64_t device) {
  constexpr char kBtrfs[] = "/sys/fs/btrfs/";
  for (const std::string& name : NamesIn(kBtrfs)) {
    std::vector<BlockDevice> devices = DevicesIn(kBtrfs + name + "/devices");
    if (std::ranges::count(devices, device, &BlockDevice::number)) return devices;
  }
  return {};
}

std::string FileSystemOn(uint64_t device) {
  const std::string name = NameOf(device);
  if (name.empty()) return "";
  for (const std::string& type : NamesIn("/sys/fs"))
    if (access(fmt::format("/sys/fs/{}/{}", type, name).c_str(), F_OK) == 0) return type;
  return BtrfsWith(device).empty() ? "" : "btrfs";
}

bool HasJournal(uint64_t device) {
  const std::string name = NameOf(device);
  return !name.empty() && access(("/proc/fs/jbd2/" + name).c_str(), F_OK) == 0;
}

}  // namespace rm
