// Which object is it of which only the handle is known? For layers of overlays that no name leads
// to.
#pragma once

#include <sys/stat.h>

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/unique_fd.h"
#include "procfs/object_handle.h"
#include "procfs/parse.h"

namespace rm {

// The file systems of a mount namespace, but for those with a server.
class ByHandle {
 public:
  // Below `root` the mount points are looked for, in the kernel's cache of names alone.
  ByHandle(int root, std::span<const MountLine> mounts);

  // Opened with O_PATH. Of several that have the handle, and of which `is_it` says so, it is none.
  // Needs CAP_DAC_READ_SEARCH.
  std::optional<UniqueFd> Open(const LayerHandle& handle,
                               const std::function<bool(const struct statx&)>& is_it) const;

 private:
  struct FileSystem {
    UniqueFd point;
    std::string uuid;  // "": it does not tell
  };

  std::vector<FileSystem> systems_;
};

// FS_IOC_GETFSUUID, Linux 6.9; "": the file system does not tell.
std::string UuidOfFileSystem(int opened);

}  // namespace rm
