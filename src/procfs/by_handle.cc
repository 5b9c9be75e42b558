#include "procfs/by_handle.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/ioctl.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <set>

#include "procfs/mounts.h"
#include "procfs/read.h"

namespace rm {
namespace {

constexpr unsigned kWanted = STATX_BASIC_STATS | STATX_BTIME | STATX_MNT_ID;

// FS_IOC_GETFSUUID of <linux/fs.h>; older headers lack it.
struct FileSystemUuid {
  uint8_t size;
  uint8_t uuid[16];
};
constexpr unsigned long kGetFileSystemUuid = _IOR(0x15, 0, FileSystemUuid);

UniqueFd OpenByHandle(int mount, const ObjectHandle& handle) {
  alignas(file_handle) std::array<char, sizeof(file_handle) + MAX_HANDLE_SZ> buffer{};
  auto* raw = reinterpret_cast<file_handle*>(buffer.data());
  const std::string_view bytes = std::string_view(handle.id).substr(1);
  raw->handle_bytes = static_cast<unsigned>(bytes.size());
  raw->handle_type = static_cast<unsigned char>(handle.id[0]);
  std::memcpy(raw->f_handle, bytes.data(), bytes.size());
  return UniqueFd(open_by_handle_at(mount, raw, O_PATH | O_CLOEXEC));
}

}  // namespace

std::string UuidOfFileSystem(int opened) {
  FileSystemUuid found{};
  if (ioctl(opened, kGetFileSystemUuid, &found) || found.size > sizeof found.uuid) return "";
  return std::string(reinterpret_cast<const char*>(found.uuid), found.size);
}

ByHandle::ByHandle(int root, std::span<const MountLine> mounts) {
  std::set<uint64_t> known;
  for (const MountLine& mount : mounts) {
    UniqueFd named;
    struct statx found {};
    // Another one may be mounted over it.
    if (HasServer(mount) || known.contains(mount.dev) || OpenCached(root, mount.point, named) ||
        StatOpened(named.get(), kWanted, found) || found.stx_mnt_id != mount.id) {
      continue;
    }
    UniqueFd point(open(fmt::format("/proc/self/fd/{}", named.get()).c_str(),
                        O_RDONLY | O_DIRECTORY | O_NONBLOCK | O_CLOEXEC));
    if (!point) continue;
    known.insert(mount.dev);
    std::string uuid = UuidOfFileSystem(point.get());
    systems_.push_back({std::move(point), std::move(uuid)});
  }
}

std::optional<UniqueFd> ByHandle::Open(
    const LayerHandle& handle, const std::function<bool(const struct statx&)>& is_it) const {
  std::optional<UniqueFd> object;
  if (handle.handle.id.empty() || handle.handle.id.size() > MAX_HANDLE_SZ) return object;
  for (const FileSystem& system : systems_) {
    if (!system.uuid.empty() && !handle.uuid.empty() && system.uuid != handle.uuid) continue;
    UniqueFd opened = OpenByHandle(system.point.get(), handle.handle);
    struct statx found {};
    if (!opened || StatOpened(opened.get(), kWanted, found) || !is_it(found)) continue;
    if (object) return std::nullopt;
    object = std::move(opened);
  }
  return object;
}

}  // namespace rm
