// The part of ProcessScan that looks at the executable and at mapped files.
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <string_view>

#include "procfs/mounts.h"
#include "procfs/process_scan.h"
#include "procfs/read.h"

namespace rm {
namespace {

constexpr size_t kLongestLine = 16 << 20;

}  // namespace

void ProcessScan::ScanMemory(int directory, pid_t owner) {
  ScanLink(directory, "exe", HoldKind::kExecutable);
  const UniqueFd maps(openat(directory, "maps", O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  if (!maps) return Note(errno);
  size_t kept = 0;  // the beginning of a line whose end was not read yet
  std::string last;
  for (;;) {
    ++steps_;
    const ssize_t got = read(maps.get(), buffer_.data() + kept, buffer_.size() - kept);
    if (got < 0) Note(errno);
    if (got <= 0) return;
    std::string_view text(buffer_.data(), kept + static_cast<size_t>(got));
    for (size_t end; (end = text.find('\n')) != text.npos; text.remove_prefix(end + 1)) {
      const std::optional<MapsLine> map = ParseMapsLine(text.substr(0, end));
      if (!map || !map->ino) continue;
      if (targets_.MayHave(map->ino)) ScanMapping(directory, owner, *map);
      if (targets_.HasNodes()) ScanMappedNode(directory, *map);
      if (map->path == kRingLink) mapped_rings_.insert(map->ino);
    }
    kept = text.size();
    std::memmove(buffer_.data(), text.data(), kept);
    if (kept < buffer_.size()) continue;
    // A path may be longer than PATH_MAX: directories are made one below the other without end.
    if (kept >= kLongestLine) return Note(EFBIG);
    buffer_.resize(2 * kept);
  }
}

void ProcessScan::ScanMapping(int directory, pid_t owner, const MapsLine& map) {
  const auto look = [&](const FileTarget& target) {
    // A library is mapped in several pieces.
    const bool known = std::any_of(holdings_.begin(), holdings_.end(), [&](const Holding& h) {
      return h.kind == HoldKind::kMapping && h.file == target.file &&
             h.previous_content == target.previous;
    });
    if (!known && IsMapped(directory, owner, map, target)) Add(target, HoldKind::kMapping, -1);
  };
  targets_.ForIno(map.ino, look);
  if (!targets_.HasUnnumbered() || major(map.dev) != 0) return;  // an overlay has no device
  struct statx found {};
  UniqueFd object;
  const std::string name = MapFileName(map.begin, map.end);
  if (StatAt(directory, name.c_str(), STATX_INO | STATX_BTIME, found) == 0 ||
      OpenNamed(directory, UnescapeMapsPath(map.path), object, found)) {
    targets_.ForUnnumbered(found, look);
  }
}

// Another node of the same device has another number.
void ProcessScan::ScanMappedNode(int directory, const MapsLine& map) {
  if (no_nodes_.contains({map.dev, map.ino})) return;
  struct statx found {};
  const std::string name = MapFileName(map.begin, map.end);
  if (StatAt(directory, name.c_str(), STATX_TYPE | STATX_INO | STATX_BTIME, found)) return;
  if (!IsDevice(found.stx_mode)) no_nodes_.emplace(map.dev, map.ino);
  targets_.ForDevice(found, [&](const FileTarget& target) {
    if (!IsTarget(found, target)) Add(target, HoldKind::kMapping, -1);
  });
}

// The device in maps is the superblock's: on btrfs it is no file's st_dev, and two subvolumes have
// the same inode numbers on it. Only the mapped object itself decides, or the one that was asked in
// an earlier process: where the device is also its st_dev, no two files have the same number, and
// as long as it exists no other gets it.
bool ProcessScan::IsMapped(int directory, pid_t owner, const MapsLine& map,
                           const FileTarget& target) {
  const bool same = map.ino == target.identity.ino && map.dev == target.identity.dev;
  if (same && asked_.contains(&target)) return true;
  struct statx found {};
  const std::string name = MapFileName(map.begin, map.end);
  const int error = StatAt(directory, name.c_str(), STATX_INO | STATX_BTIME, found);
  if (!error) {
    const Met met{directory, name.c_str(), directory};
    if (!IsTarget(found, target)) return IsTargetOrBelow(found, target, met, layers_);
    if (WasNumberGivenAway(target, met)) return false;
    // Without a birth time nobody could tell later that it is still the same object.
    if (same && owner && !ask_each_ && target.identity.btime_ns && asked_.insert(&target).second) {
      witnesses_.push_back({fmt::format("{}/{}", owner, name), &target});
    }
    return true;
  }
  // Without CAP_CHECKPOINT_RESTORE, or the mapping has changed. No two file systems share a device
  // number, so equal ones are right, unless the name shows that the number was given away.
  UniqueFd object;
  const std::string shown = UnescapeMapsPath(map.path);
  if (!OpenNamed(directory, shown, object, found)) {
    if (same || WasRemovedAs(shown, target)) return true;
    Note(error);
    return false;
  }
  if (!same) return IsTargetOrBelow(found, target, {object.get(), "", directory}, layers_);
  return found.stx_ino != map.ino || DeviceOf(found) != map.dev || IsTarget(found, target);
}

// The name as it was printed for us: from our root, or from that of the other mount namespace, in
// which the process may be in a chroot.
bool ProcessScan::OpenNamed(int directory, const std::string& path, UniqueFd& object,
                            struct statx& found) {
  std::string mounts, inside = "/";
  if (our_mounts_.empty() || ReadLinkAt(directory, "ns/mnt", mounts)) return false;
  const bool ours = mounts == our_mounts_;
  if (!ours && ReadLinkAt(directory, "root", inside)) return false;
  if (!IsBelow(path, inside)) return false;
  const UniqueFd root(ours ? open("/", O_PATH | O_DIRECTORY | O_CLOEXEC)
                           : openat(directory, "root", O_PATH | O_DIRECTORY | O_CLOEXEC));
  const std::string below = inside == "/" ? path : path.substr(inside.size());
  return root && OpenCached(root.get(), below, object) == 0 &&
         StatOpened(object.get(), STATX_INO | STATX_BTIME, found) == 0;
}

}  // namespace rm
