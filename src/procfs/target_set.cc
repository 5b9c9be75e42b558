#include "procfs/target_set.h"

#include <algorithm>
#include <bit>

#include "procfs/object_handle.h"
#include "procfs/read.h"

namespace rm {
namespace {

// The inode numbers under which it may be met. Through an overlay an object has the number of its
// layer's file, or of the file it was copied up from.
std::vector<uint64_t> NumbersOf(const FileTarget& target) {
  std::vector<uint64_t> numbers = {target.identity.ino};
  for (size_t i = 0; i < target.handles.size(); ++i) {
    if (i == 0 && !target.handles[i].overlay) continue;  // that is its own number
    const std::vector<uint64_t> more = NumbersIn(target.handles[i]);
    numbers.insert(numbers.end(), more.begin(), more.end());
  }
  return numbers;
}

// Each devpts has terminals of its own, with the same numbers. No other node opens one.
bool IsPseudoTerminal(const FileIdentity& node) {
  constexpr unsigned kFirst = 136, kLast = 143;  // UNIX98_PTY_SLAVE_MAJOR of <linux/major.h>
  return S_ISCHR(node.mode) && major(node.rdev) >= kFirst && major(node.rdev) <= kLast;
}

bool HasOtherNodes(const FileTarget& target) {
  return IsDevice(target.identity.mode) && !target.previous && !IsPseudoTerminal(target.identity);
}

}  // namespace

TargetSet::TargetSet(std::span<const FileTarget> targets)
    : targets_(targets.begin(), targets.end()) {
  numbers_.reserve(targets_.size());
  for (uint32_t i = 0; i < targets_.size(); ++i) {
    for (const uint64_t number : NumbersOf(targets_[i])) numbers_.push_back({number, i});
    if (HasOtherNodes(targets_[i])) nodes_.push_back(i);
    if (std::ranges::any_of(targets_[i].handles, &std::string::empty, &ObjectHandle::id))
      births_.push_back({BirthKey(targets_[i].identity.btime_ns), i});
  }
  std::sort(births_.begin(), births_.end());
  std::sort(numbers_.begin(), numbers_.end());
  numbers_.erase(std::unique(numbers_.begin(), numbers_.end()), numbers_.end());
  // 64 bits for each number keep false alarms below 2 %.
  const size_t bits = std::bit_ceil(std::max<size_t>(64 * numbers_.size(), 4096));
  mask_ = bits - 1;
  bits_.resize(bits / 64, births_.empty() ? 0 : ~uint64_t{0});
  for (const Keyed& entry : numbers_) {
    const uint64_t bit = entry.key & mask_;
    bits_[bit / 64] |= uint64_t{1} << (bit % 64);
  }
}

std::span<const TargetSet::Keyed> TargetSet::With(const std::vector<Keyed>& sorted, uint64_t key) {
  const auto first = std::lower_bound(sorted.begin(), sorted.end(), Keyed{key, 0});
  const auto last =
      std::find_if(first, sorted.end(), [&](const Keyed& entry) { return entry.key != key; });
  return {first, last};
}

bool WasRemovedAs(std::string_view printed, const FileTarget& target) {
  return target.previous && printed == target.path + kDeletedSuffix;
}

namespace {

// FILEID_INO32_GEN, <linux/exportfs.h>: the inode number, and which of those that had it this is.
constexpr char kNumberAndGeneration = 1;

bool HasGeneration(const ObjectHandle& handle) {
  return !handle.overlay && !handle.id.empty() && handle.id.front() == kNumberAndGeneration;
}

}  // namespace

bool WasNumberGivenAway(const FileTarget& target, const Met& met) {
  if (!target.previous || target.identity.btime_ns || target.handles.empty() ||
      !HasGeneration(target.handles.front()))
    return false;
  ObjectHandle handle;
  return ReadHandle(met.directory, met.name, handle) == 0 && HasGeneration(handle) &&
         handle.id != target.handles.front().id;
}

bool IsTarget(const struct statx& found, const FileTarget& target) {
  if (found.stx_ino != target.identity.ino || DeviceOf(found) != target.identity.dev) return false;
  const int64_t born = ToIdentity(found).btime_ns;
  return !born || !target.identity.btime_ns || born == target.identity.btime_ns;
}

namespace {

// Btrfs takes the device number away from a subvolume that is deleted while files of it are in use.
// The handle tells which one it was, where the previous content has one.
bool IsOfDeletedSubvolume(const struct statx& found, const FileTarget& target, const Met& met) {
  if (!target.previous || DeviceOf(found) != 0 || found.stx_ino != target.identity.ino)
    return false;
  ObjectHandle handle;
  return target.handles.empty() || (ReadHandle(met.directory, met.name, handle) == 0 &&
                                    handle.id == target.handles.front().id);
}

// The content of what an overlay has copied up without it is that of the lower file, whose birth
// time is another one. Either may be the target.
bool HasSameContent(const FileTarget& target, const Met& met, Layers& layers) {
  ObjectHandle handle;
  if (target.handles.empty() || ReadHandle(met.directory, met.name, handle)) return false;
  const bool is_copy = target.handles.front().overlay && target.handles.size() > 1;
  const std::string& content = target.handles[is_copy ? 1 : 0].id;
  if (handle.id != content) return false;
  if (!handle.overlay) return is_copy;
  const auto bottom = layers.FindBottom(met);
  return bottom && (bottom->attributes_only || (is_copy && bottom->handle.id == content));
}

}  // namespace

bool IsTargetOrBelow(const struct statx& found, const FileTarget& target, const Met& met,
                     Layers& layers) {
  if (IsTarget(found, target)) return !WasNumberGivenAway(target, met);
  // An overlay passes the birth time of its layer's file on, so that it tells a lower file from its
  // copy in the upper layer, which have the same handle.
  const int64_t born = ToIdentity(found).btime_ns;
  if (born != target.identity.btime_ns) return HasSameContent(target, met, layers);
  if (IsOfDeletedSubvolume(found, target, met)) return true;
  ObjectHandle handle;
  const bool has_handle = ReadHandle(met.directory, met.name, handle) == 0;
  if (has_handle && !handle.overlay) handle.dev = DeviceOf(found);
  const bool same = has_handle && IsSameBelow(handle, target.handles);
  // To read what is mounted in each of hundreds of containers takes longer than all else. Only
  // copies of one file system also have the birth times of each other's files.
  Met where = met;
  if (same && handle.overlay && born) where.process = -1;
  if (const auto bottom = layers.FindBottom(where))
    return IsTarget(bottom->status, target) || IsSameBelow(bottom->handle, target.handles) ||
           HasSameContent(target, met, layers);
  return same;
}

}  // namespace rm
