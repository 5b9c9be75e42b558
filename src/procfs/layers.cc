#include "procfs/layers.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/openat2.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <string_view>
#include <utility>

#include "procfs/mounts.h"
#include "procfs/object_handle.h"
#include "procfs/read.h"

namespace rm {
namespace {

constexpr unsigned kWanted = STATX_BASIC_STATS | STATX_BTIME | STATX_MNT_ID;
constexpr int kMostLayers = 8;  // one overlay over the other; Linux allows 2
constexpr size_t kLargeFile = 64 << 20;
constexpr int kOurRoot = AT_FDCWD;  // the names begin with a slash

int StatMet(const Met& met, struct statx& found) {
  return *met.name ? StatAt(met.directory, met.name, kWanted, found)
                   : StatOpened(met.directory, kWanted, found);
}

int ReadPath(const Met& met, std::string& path) {
  return *met.name
             ? ReadLinkAt(met.directory, met.name, path)
             : ReadLinkAt(AT_FDCWD, fmt::format("/proc/self/fd/{}", met.directory).c_str(), path);
}

const MountLine* FindMount(const std::vector<MountLine>& mounts, uint64_t id) {
  const auto found = std::ranges::find(mounts, id, &MountLine::id);
  return found == mounts.end() ? nullptr : &*found;
}

// The one line: there may be thousands, and as many processes that have them.
std::optional<MountLine> FindMountIn(const std::string& mountinfo, uint64_t id) {
  const std::string begin = fmt::format("{} ", id);
  size_t at = mountinfo.starts_with(begin) ? 0 : mountinfo.find('\n' + begin);
  if (at == mountinfo.npos) return std::nullopt;
  if (mountinfo[at] == '\n') ++at;
  return ParseMountLine(std::string_view(mountinfo).substr(at, mountinfo.find('\n', at) - at));
}

// "/" and "/a": "/a"
std::string Join(const std::string& folder, const std::string& path) {
  return folder == "/" ? path : folder + path;
}

std::string Without(const std::string& path, const std::string& folder) {
  return folder == "/" ? path : path.substr(folder.size());
}

// Whether an overlay may show the file of a layer as what was `found`: size and birth time are the
// layer's own.
bool IsShown(const struct statx& layer, const struct statx& found) {
  return S_ISREG(layer.stx_mode) && layer.stx_size == found.stx_size &&
         ToIdentity(layer).btime_ns == ToIdentity(found).btime_ns;
}

}  // namespace

std::optional<Layers::Bottom> Layers::FindBottom(const Met& met) {
  Met at = met;
  UniqueFd object;
  struct statx found {};
  if (StatMet(at, found)) return std::nullopt;
  for (int i = 0; i <= kMostLayers; ++i) {
    if (!S_ISREG(found.stx_mode)) return std::nullopt;
    const std::optional<Place> place = PlaceOf(at, found.stx_mnt_id);
    if (!place) return std::nullopt;
    if (place->mount.type != "overlay") {
      if (i == 0) return std::nullopt;
      ObjectHandle handle;
      if (ReadHandle(object.get(), "", handle)) handle.id.clear();
      handle.overlay = true;
      handle.dev = DeviceOf(found);
      return Bottom{std::move(handle), found, HasAttributesOnly(object.get())};
    }
    std::optional<Opened> below = OpenBelow(at, *place, found);
    if (!below) below = OpenByHandle(at, *place, found);
    if (!below) return std::nullopt;
    object = std::move(below->object);
    found = below->status;
    at = {.directory = object.get(), .process = at.process};
  }
  return std::nullopt;
}

bool Layers::IsOverlay(uint64_t mount_id) {
  if (last_ != mount_id) {
    const MountLine* mount = FindMount(Ours(), mount_id);
    last_is_overlay_ = mount && mount->type == "overlay";
    last_ = mount_id;
  }
  return last_is_overlay_;
}

const std::vector<MountLine>& Layers::Ours() {
  if (!ours_) ours_ = ReadMounts();
  return *ours_;
}

// Paths are printed from our root, or from that of another mount namespace; mounts from the root of
// the process, which may be in a chroot there.
std::optional<Layers::Place> Layers::PlaceOf(const Met& met, uint64_t mount_id) {
  Place place;
  std::string inside = "/", text, path;
  const MountLine* mount = FindMount(Ours(), mount_id);
  std::optional<MountLine> theirs;
  if (!mount && met.process >= 0) {
    if (ReadFileAt(met.process, "mountinfo", kLargeFile, text) ||
        ReadLinkAt(met.process, "root", inside)) {
      return std::nullopt;
    }
    theirs = FindMountIn(text, mount_id);
    if (theirs) mount = &*theirs;
    place.ours = false;
  }
  if (!mount) return std::nullopt;
  place.mount = *mount;
  if (mount->type != "overlay") return place;
  if (ReadPath(met, path)) return std::nullopt;
  if (!IsBelow(path, inside)) return place;
  path = Without(path, inside);
  if (IsBelow(path, mount->point)) place.path = Join(mount->root, Without(path, mount->point));
  return place;
}

// What is mounted in another namespace has layers of that one, or, in a container, of ours.
std::optional<Layers::Opened> Layers::OpenBelow(const Met& met, const Place& overlay,
                                                const struct statx& found) {
  if (overlay.path.empty()) return std::nullopt;
  std::vector<std::string> layers = LayersOf(overlay.mount);
  // Below one that is named from a folder nobody knows, others are covered by what is in it.
  const auto is_whole = [](const std::string& layer) { return layer.starts_with('/'); };
  layers.erase(std::ranges::find_if_not(layers, is_whole), layers.end());
  if (!overlay.ours) {
    const UniqueFd root(openat(met.process, "root", O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (auto file = OpenIn(root.get(), layers, overlay.path, found)) return file;
  }
  return OpenIn(kOurRoot, layers, overlay.path, found);
}

std::optional<Layers::Opened> Layers::OpenByHandle(const Met& met, const Place& overlay,
                                                   const struct statx& found) {
  const UniqueFd object(*met.name ? openat(met.directory, met.name, O_PATH | O_CLOEXEC)
                                  : fcntl(met.directory, F_DUPFD_CLOEXEC, 0));
  const std::optional<LayerHandle> handle = ReadLayerHandle(object.get());
  if (!handle) return std::nullopt;
  const UniqueFd root(overlay.ours ? open("/", O_PATH | O_DIRECTORY | O_CLOEXEC)
                                   : openat(met.process, "root", O_PATH | O_DIRECTORY | O_CLOEXEC));
  const std::vector<MountLine> theirs =
      overlay.ours ? std::vector<MountLine>() : ReadMounts(met.process);
  if (overlay.ours && !our_systems_) our_systems_ = std::make_shared<ByHandle>(root.get(), Ours());
  const ByHandle systems_there(root.get(), theirs);
  const ByHandle& systems = overlay.ours ? *our_systems_ : systems_there;
  if (auto file =
          systems.Open(*handle, [&](const struct statx& there) { return IsShown(there, found); })) {
    Opened opened{std::move(*file)};
    if (StatOpened(opened.object.get(), kWanted, opened.status)) return std::nullopt;
    return opened;
  }

  // It was copied up, and has the handle of what it was copied from.
  for (const MountLine& mount : overlay.ours ? Ours() : theirs) {
    UniqueFd top;
    struct statx shown {};
    if (mount.dev != overlay.mount.dev || mount.root != "/" || overlay.path.empty() ||
        OpenCached(root.get(), mount.point, top) || StatOpened(top.get(), kWanted, shown) ||
        shown.stx_mnt_id != mount.id) {
      continue;
    }
    const std::optional<LayerHandle> upper = ReadLayerHandle(top.get());
    if (!upper) return std::nullopt;
    const auto folder = systems.Open(*upper, [&](const struct statx& there) {
      return S_ISDIR(there.stx_mode) && ToIdentity(there).btime_ns == ToIdentity(shown).btime_ns;
    });
    return folder ? OpenIn(folder->get(), {""}, overlay.path, found) : std::nullopt;
  }
  return std::nullopt;
}

std::optional<Layers::Opened> Layers::OpenIn(int root, const std::vector<std::string>& layers,
                                             const std::string& path,
                                             const struct statx& found) const {
  struct open_how how {};
  how.flags = O_PATH | O_NOFOLLOW | O_CLOEXEC;
  how.resolve = RESOLVE_NO_MAGICLINKS;
  if (root != kOurRoot) how.resolve |= RESOLVE_IN_ROOT;
  if (wait_ == Wait::kMayNot) how.resolve |= RESOLVE_CACHED;
  for (const std::string& layer : layers) {
    const std::string name = layer + path;
    UniqueFd file(static_cast<int>(syscall(SYS_openat2, root, name.c_str(), &how, sizeof how)));
    struct statx there {};
    if (!file || StatOpened(file.get(), kWanted, there)) continue;
    if (!S_ISREG(there.stx_mode)) return std::nullopt;  // covers what is below
    if (IsShown(there, found)) return Opened{std::move(file), there};
  }
  return std::nullopt;
}

}  // namespace rm
