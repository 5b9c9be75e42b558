// Is this object one of those that are looked for? Asked a million times: the usual "no" is fast.
#pragma once

#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "procfs/holders.h"
#include "procfs/layers.h"
#include "procfs/read.h"

namespace rm {

inline bool IsDevice(uint32_t mode) { return S_ISBLK(mode) || S_ISCHR(mode); }

class TargetSet {
 public:
  explicit TargetSet(std::span<const FileTarget> targets);

  // Never wrong when it says no.
  bool MayHave(uint64_t ino) const {
    return HasBit(ino) || (ino > UINT32_MAX && HasBit(ino & UINT32_MAX));
  }
  // Calls `look` with all that may have this inode number, on any device.
  template <class Look>
  void ForIno(uint64_t ino, const Look& look) const {
    for (const Keyed& entry : With(numbers_, ino)) look(targets_[entry.target]);
    // An overlay may put the number of the layer into the upper bits.
    if (ino <= UINT32_MAX) return;
    for (const Keyed& entry : With(numbers_, ino & UINT32_MAX)) look(targets_[entry.target]);
  }
  bool HasNodes() const { return !nodes_.empty(); }
  // Whether an overlay may show one of them by a number that nobody knows. Then MayHave says yes.
  bool HasUnnumbered() const { return !births_.empty(); }
  // Calls `look` with those of them that this may be. Needs STATX_BTIME.
  template <class Look>
  void ForUnnumbered(const struct statx& found, const Look& look) const {
    if (births_.empty()) return;
    for (const Keyed& entry : With(births_, BirthKey(ToIdentity(found).btime_ns)))
      look(targets_[entry.target]);
  }
  template <class Look>
  void ForFound(const struct statx& found, const Look& look) const {
    ForIno(found.stx_ino, look);
    ForUnnumbered(found, look);
  }
  // Calls `look` with the nodes of this device: it is one device, whatever node it is opened by.
  // `found` needs no mask but STATX_TYPE.
  template <class Look>
  void ForDevice(const struct statx& found, const Look& look) const {
    if (nodes_.empty() || !IsDevice(found.stx_mode)) return;
    for (const uint32_t node : nodes_) {
      const FileIdentity& known = targets_[node].identity;
      if ((known.mode & S_IFMT) == (found.stx_mode & S_IFMT) &&
          known.rdev == makedev(found.stx_rdev_major, found.stx_rdev_minor))
        look(targets_[node]);
    }
  }
  const std::vector<FileTarget>& targets() const { return targets_; }

 private:
  struct Keyed {
    uint64_t key;
    uint32_t target;
    friend auto operator<=>(const Keyed&, const Keyed&) = default;
  };

  static uint64_t BirthKey(int64_t btime_ns) { return static_cast<uint64_t>(btime_ns); }
  static std::span<const Keyed> With(const std::vector<Keyed>& sorted, uint64_t key);
  bool HasBit(uint64_t number) const {
    const uint64_t bit = number & mask_;
    return bits_[bit / 64] >> (bit % 64) & 1;
  }

  std::vector<FileTarget> targets_;
  std::vector<Keyed> numbers_;   // by inode number, sorted
  std::vector<Keyed> births_;    // by birth time, sorted: those without a number
  std::vector<uint32_t> nodes_;  // the targets of which a device may have other nodes
  std::vector<uint64_t> bits_;   // of the numbers; all, where there are some without
  uint64_t mask_;
};

// Whether the kernel prints the previous content so. To be asked where the object is out of reach.
bool WasRemovedAs(std::string_view printed, const FileTarget& target);
// By dev and ino. Where only one side knows the birth time, it does not decide.
bool IsTarget(const struct statx& found, const FileTarget& target);
// What has the device and number of previous content may have got the number after that: where
// there are no birth times, the handle tells.
bool WasNumberGivenAway(const FileTarget& target, const Met& met);
// The same, or one object seen through an overlay. `found` was read from what was `met`. Needs
// STATX_INO and STATX_BTIME.
bool IsTargetOrBelow(const struct statx& found, const FileTarget& target, const Met& met,
                     Layers& layers);

}  // namespace rm
