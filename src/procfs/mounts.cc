#include "procfs/mounts.h"

#include <fcntl.h>

#include <algorithm>
#include <array>
#include <span>

#include "procfs/read.h"

namespace rm {
namespace {

constexpr size_t kLargeFile = 64 << 20;

// "fuse" is also fuse.sshfs, fuseblk. autofs asks a program for each folder.
constexpr std::array<std::string_view, 16> kServed = {
    "fuse", "nfs",    "cifs", "smb",  "9p",    "ceph",     "afs",      "autofs",
    "coda", "lustre", "gfs2", "gpfs", "ocfs2", "orangefs", "virtiofs", "beegfs"};

// A layer's folder is looked up with the overlay's. Where one that is named from a working
// directory is, nobody knows.
bool MayBeServed(const MountLine& overlay, std::span<const std::string> served) {
  return std::ranges::any_of(LayersOf(overlay), [&](const std::string& layer) {
    return !layer.starts_with('/') || std::ranges::any_of(served, [&](const std::string& point) {
      return IsBelow(layer, point);
    });
  });
}

std::vector<MountLine> Read(int directory, const char* name) {
  std::string text;
  std::vector<MountLine> mounts;
  if (ReadFileAt(directory, name, kLargeFile, text)) return mounts;
  for (const std::string& line : Split(text, '\n')) {
    if (auto mount = ParseMountLine(line)) mounts.push_back(std::move(*mount));
  }
  return mounts;
}

}  // namespace

std::vector<MountLine> ReadMounts() { return Read(AT_FDCWD, "/proc/self/mountinfo"); }

std::vector<MountLine> ReadMounts(int process) { return Read(process, "mountinfo"); }

std::vector<std::string> LayersOf(const MountLine& overlay) {
  std::vector<std::string> layers;
  for (const std::string_view wanted : {"upperdir", "lowerdir", "datadir"}) {
    for (const std::string& option : Split(overlay.options, ',')) {
      const size_t value = option.find('=');
      if (!option.starts_with(wanted) || value == option.npos) continue;
      for (const std::string& layer : Split(std::string_view(option).substr(value + 1), ':'))
        if (!layer.empty()) layers.push_back(UnescapeOctal(layer));
    }
  }
  return layers;
}

bool HasServer(const MountLine& mount) {
  return std::any_of(kServed.begin(), kServed.end(),
                     [&](std::string_view type) { return mount.type.starts_with(type); });
}

std::vector<std::string> ServedPoints(const std::vector<MountLine>& mounts) {
  std::vector<std::string> points;
  for (const MountLine& mount : mounts) {
    if (HasServer(mount)) points.push_back(mount.point);
  }
  // One overlay may be a layer of another.
  for (const MountLine& mount : mounts)
    if (!points.empty() && mount.type == "overlay" && MayBeServed(mount, points))
      points.push_back(mount.point);
  return points;
}

bool LeadsThroughProcess(const std::string& path) {
  constexpr std::string_view kProc = "/proc/";
  return path.starts_with(kProc) && path.find_first_of("0123456789", kProc.size()) == kProc.size();
}

bool IsElsewhere(const std::string& path, const std::vector<std::string>& served) {
  if (LeadsThroughProcess(path)) return false;
  if (path.find("/.") != path.npos || path.find("//") != path.npos) return served.empty();
  return std::ranges::none_of(served,
                              [&](const std::string& point) { return IsBelow(path, point); });
}

bool IsBelow(std::string_view path, std::string_view folder) {
  if (folder == "/") return true;
  return path.starts_with(folder) && (path.size() == folder.size() || path[folder.size()] == '/');
}

}  // namespace rm
