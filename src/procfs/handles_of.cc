#include "procfs/handles_of.h"

#include <fcntl.h>

#include <cstring>
#include <utility>

#include "procfs/mounts.h"
#include "procfs/object_handle.h"
#include "procfs/read.h"

namespace rm {

UniqueFd ProcessInPath(const std::string& path) {
  if (!LeadsThroughProcess(path)) return {};
  const std::string process = path.substr(0, path.find('/', strlen("/proc/")));
  return UniqueFd(open(process.c_str(), O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
}

std::vector<ObjectHandle> HandlesOf(int object, const struct statx& found, bool may_have_origin,
                                    int process, Layers& layers) {
  if (!S_ISREG(found.stx_mode)) return {};
  ObjectHandle handle;
  const bool has_handle = ReadHandle(object, "", handle) == 0;
  if (layers.IsOverlay(found.stx_mnt_id) || (process >= 0 && has_handle && handle.overlay)) {
    // An overlay's handle does not change when the object is copied up, the object does. That of
    // one over another overlay tells nothing.
    if (auto bottom = layers.FindBottom({.directory = object, .process = process});
        bottom && !bottom->handle.id.empty()) {
      std::vector<ObjectHandle> handles = {std::move(bottom->handle)};
      if (bottom->attributes_only && has_handle) handles.push_back(std::move(handle));
      return handles;
    }
    if (has_handle && handle.overlay) return {std::move(handle)};
    return {};
  }
  if (!has_handle) return {};
  handle.dev = DeviceOf(found);
  std::vector<ObjectHandle> handles = {std::move(handle)};
  if (!may_have_origin) return handles;
  if (auto origin = ReadOrigin(object)) handles.push_back(std::move(*origin));
  return handles;
}

}  // namespace rm
