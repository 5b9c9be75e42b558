#include "procfs/mounts.h"

#include <fcntl.h>

#include <algorithm>
#include <array>

#include "procfs/read.h"

namespace rm {
namespace {

constexpr size_t kLargeFile = 64 << 20;

// "fuse" is also fuse.sshfs, fuseblk. autofs asks a program for each folder.
constexpr std::array<std::string_view, 16> kServed = {
    "fuse", "nfs",    "cifs", "smb",  "9p",    "ceph",     "afs",      "autofs",
    "coda", "lustre", "gfs2", "gpfs", "ocfs2", "orangefs", "virtiofs", "beegfs"};

}  // namespace

std::vector<MountLine> ReadMounts() {
  std::string text;
  std::vector<MountLine> mounts;
  if (ReadFileAt(AT_FDCWD, "/proc/self/mountinfo", kLargeFile, text)) return mounts;
  for (const std::string& line : Split(text, '\n')) {
    if (auto mount = ParseMountLine(line)) mounts.push_back(std::move(*mount));
  }
  return mounts;
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
  // A layer's folder is looked up with the overlay's.
  const size_t served = points.size();
  for (const MountLine& mount : mounts) {
    if (mount.type != "overlay") continue;
    for (size_t i = 0; i < served; ++i) {
      if (mount.options.find(points[i]) == mount.options.npos) continue;
      points.push_back(mount.point);
      break;
    }
  }
  return points;
}

bool IsBelow(std::string_view path, std::string_view folder) {
  if (folder == "/") return true;
  return path.starts_with(folder) && (path.size() == folder.size() || path[folder.size()] == '/');
}

}  // namespace rm
