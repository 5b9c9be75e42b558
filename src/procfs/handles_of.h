// By which handles is an object to be recognized through overlays?
#pragma once

#include <sys/stat.h>

#include <string>
#include <vector>

#include "base/unique_fd.h"
#include "model/resource.h"
#include "procfs/layers.h"

namespace rm {

// Through /proc/PID a path leads into another mount namespace: that directory. Invalid: it does
// not.
UniqueFd ProcessInPath(const std::string& path);

// As FileResource::handles; none for what is no regular file. `found` is what the object is, with
// STATX_MNT_ID. `may_have_origin`: MayHaveOrigins of its directory. `process`: of ProcessInPath.
std::vector<ObjectHandle> HandlesOf(int object, const struct statx& found, bool may_have_origin,
                                    int process, Layers& layers);

}  // namespace rm
