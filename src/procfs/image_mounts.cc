#include "procfs/image_mounts.h"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/statfs.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <memory>
#include <set>

#include "procfs/by_handle.h"
#include "procfs/read.h"

namespace rm {
namespace {

constexpr char kErofs[] = "erofs";

// What both a mounted erofs and its image tell.
struct Erofs {
  std::string uuid;
  uint64_t inodes = 0;

  friend bool operator==(const Erofs&, const Erofs&) = default;
};

UniqueFd Reopen(const UniqueFd& object, int flags) {
  return UniqueFd(open(fmt::format("/proc/self/fd/{}", object.get()).c_str(),
                       O_RDONLY | O_NONBLOCK | O_CLOEXEC | flags));
}

// None: covered, or an older kernel.
std::optional<Erofs> ReadMounted(const MountSpace& space, const MountLine& mount) {
  UniqueFd point;
  struct statx found {};
  if (mount.type != kErofs || OpenCached(space.root.get(), mount.point, point) ||
      StatOpened(point.get(), STATX_INO, found) || DeviceOf(found) != mount.dev) {
    return std::nullopt;
  }
  const UniqueFd inside = Reopen(point, O_DIRECTORY);
  struct statfs counts {};
  if (!inside || fstatfs(inside.get(), &counts)) return std::nullopt;
  Erofs erofs{UuidOfFileSystem(inside.get()), counts.f_files - counts.f_ffree};
  return erofs.uuid.empty() ? std::nullopt : std::optional(std::move(erofs));
}

// struct erofs_super_block; none: it is no image.
std::optional<Erofs> ReadImage(const UniqueFd& object) {
  constexpr off_t kAt = 1024;
  constexpr uint32_t kMagic = 0xe0f5e1e2;
  constexpr size_t kInodes = 16, kUuid = 48, kUuidSize = 16;
  std::array<char, kUuid + kUuidSize> block{};
  const UniqueFd content = Reopen(object, 0);
  if (pread(content.get(), block.data(), block.size(), kAt) != ssize_t{block.size()})
    return std::nullopt;
  uint32_t magic = 0;
  Erofs erofs{std::string(block.data() + kUuid, kUuidSize)};
  std::memcpy(&magic, block.data(), sizeof magic);
  std::memcpy(&erofs.inodes, block.data() + kInodes, sizeof erofs.inodes);
  return magic == kMagic ? std::optional(std::move(erofs)) : std::nullopt;
}

bool HasDevice(const MountLine& mount) { return major(mount.dev) != 0; }

// Whether the kernel has an erofs that our mount namespace does not show.
bool IsOneElsewhere(const std::vector<MountLine>& ours) {
  std::set<uint64_t> shown;
  for (const MountLine& mount : ours)
    if (mount.type == kErofs) shown.insert(mount.dev);
  const std::unique_ptr<DIR, int (*)(DIR*)> known(opendir("/sys/fs/erofs"), closedir);
  size_t count = 0;
  while (const dirent* entry = known ? readdir(known.get()) : nullptr)
    if (const std::string_view name = entry->d_name; name != "features" && name[0] != '.') ++count;
  return count > shown.size();
}

class ImageMounts {
 public:
  ImageMounts(MountSpaces& spaces, UseList& uses) : spaces_(spaces), uses_(uses) {}

  void Add(const MountSpace& space, const MountLine& mount) {
    const bool whole = mount.source.starts_with('/');
    if (HasDevice(mount) || (!whole && mount.type != kErofs) || !done_.insert(mount.dev).second)
      return;
    const std::string user = "mount " + mount.point;
    const std::string where =
        space.pid ? fmt::format("in the mount namespace of pid {}", space.pid) : "";
    const std::optional<Erofs> mounted = ReadMounted(space, mount);
    const auto is_it = [&](const MountSpaces::Named& named) {
      return S_ISREG(named.status.stx_mode) && (!mounted || ReadImage(named.object) == mounted);
    };
    std::optional<MountSpaces::Named> named;
    if (whole && mount.type == kErofs) named = spaces_.Find(mount.source, is_it);
    if (whole && mount.type != kErofs)  // a name that its server has given it
      named = MountSpaces::FindIn(space, mount.source, is_it);
    if (named) {
      for (const FileTarget* target : uses_.Matches(*named))
        uses_.Add(user, where, HoldKind::kMount, *target);
      return;
    }
    for (const FileTarget& target : uses_.targets().targets()) {
      const bool is_known =
          target.previous ? target.path == mount.source : mounted && ReadTarget(target) == mounted;
      if (is_known) uses_.Add(user, where, HoldKind::kMount, target);
    }
  }

 private:
  std::optional<Erofs> ReadTarget(const FileTarget& target) const {
    UniqueFd object;
    struct statx found {};
    if (!S_ISREG(target.identity.mode) ||
        OpenCached(spaces_.Ours().root.get(), target.path, object, true) ||
        StatOpened(object.get(), MountSpaces::kWanted, found) || !IsTarget(found, target)) {
      return std::nullopt;
    }
    return ReadImage(object);
  }

  MountSpaces& spaces_;
  UseList& uses_;
  std::set<uint64_t> done_;  // by device
};

}  // namespace

void AddImageMounts(MountSpaces& spaces, UseList& uses) {
  ImageMounts images(spaces, uses);
  const std::vector<MountLine> ours = spaces.MountsOf(spaces.Ours());
  for (const MountLine& mount : ours) images.Add(spaces.Ours(), mount);
  if (!IsOneElsewhere(ours)) return;
  for (const MountSpace& space : spaces.Others())
    for (const MountLine& mount : spaces.MountsOf(space))
      if (mount.type == kErofs) images.Add(space, mount);
}

}  // namespace rm
