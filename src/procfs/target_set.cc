#include "procfs/target_set.h"

#include <algorithm>
#include <bit>

#include "procfs/read.h"

namespace rm {

TargetSet::TargetSet(std::span<const FileTarget> targets)
    : targets_(targets.begin(), targets.end()) {
  std::sort(targets_.begin(), targets_.end(), [](const FileTarget& a, const FileTarget& b) {
    return a.identity.ino < b.identity.ino;
  });
  // 64 bits for each inode keep false alarms below 2 %.
  const size_t bits = std::bit_ceil(std::max<size_t>(64 * targets_.size(), 4096));
  mask_ = bits - 1;
  bits_.resize(bits / 64);
  for (const FileTarget& target : targets_) {
    const uint64_t bit = target.identity.ino & mask_;
    bits_[bit / 64] |= uint64_t{1} << (bit % 64);
  }
}

std::span<const FileTarget> TargetSet::WithIno(uint64_t ino) const {
  const auto first = std::lower_bound(
      targets_.begin(), targets_.end(), ino,
      [](const FileTarget& t, uint64_t number) { return t.identity.ino < number; });
  const auto last = std::find_if(first, targets_.end(),
                                 [&](const FileTarget& t) { return t.identity.ino != ino; });
  return {first, last};
}

bool IsTarget(const struct statx& found, const FileTarget& target) {
  if (found.stx_ino != target.identity.ino || DeviceOf(found) != target.identity.dev) return false;
  const int64_t born = ToIdentity(found).btime_ns;
  return !born || !target.identity.btime_ns || born == target.identity.btime_ns;
}

}  // namespace rm
