// By which handles is an object to be recognized through overlays?
#pragma once

#include <sys/stat.h>

#include <vector>

#include "model/resource.h"
#include "procfs/layers.h"

namespace rm {

// As FileResource::handles; none for what is no regular file. `found` is what the object is, with
// STATX_MNT_ID. `may_have_origin`: MayHaveOrigins of its directory.
std::vector<ObjectHandle> HandlesOf(int object, const struct statx& found, bool may_have_origin,
                                    Layers& layers);

}  // namespace rm
