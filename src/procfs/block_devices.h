// Which block devices are made of which, says /sys?
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace rm {

struct BlockDevice {
  std::string node;     // "/dev/dm-0"
  uint64_t number = 0;  // makedev
};

// Of that name, with that folder in /sys.
std::optional<BlockDevice> BlockDeviceAt(const std::string& folder, std::string name);
// Its partitions.
std::vector<BlockDevice> PartitionsOf(uint64_t device);
// What is made of it and keeps others away from it: device mapper, RAID.
std::vector<BlockDevice> MadeOf(uint64_t device);
// The devices of the mounted btrfs that it is one of; none: of no such one.
std::vector<BlockDevice> BtrfsWith(uint64_t device);
// The type of a file system that the kernel has on it, mounted or not any more; "": none, or of a
// type that /sys does not know.
std::string FileSystemOn(uint64_t device);
// Whether an ext4 on another device has its journal there.
bool HasJournal(uint64_t device);

}  // namespace rm
