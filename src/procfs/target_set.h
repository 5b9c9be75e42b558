// Is this object one of those that are looked for? Asked a million times: the usual "no" is fast.
#pragma once

#include <sys/stat.h>

#include <cstdint>
#include <span>
#include <vector>

#include "procfs/holders.h"

namespace rm {

class TargetSet {
 public:
  explicit TargetSet(std::span<const FileTarget> targets);

  // Never wrong when it says no.
  bool MayHave(uint64_t ino) const {
    const uint64_t bit = ino & mask_;
    return bits_[bit / 64] >> (bit % 64) & 1;
  }
  // All that have this inode number, on any device.
  std::span<const FileTarget> WithIno(uint64_t ino) const;

 private:
  std::vector<FileTarget> targets_;  // by inode number
  std::vector<uint64_t> bits_;
  uint64_t mask_;
};

// Where only one side knows the birth time, it does not decide.
bool IsTarget(const struct statx& found, const FileTarget& target);

}  // namespace rm
