// What is this path now? The links on the way, and the object at its end.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "model/resource.h"

namespace rm {

// `path` is absolute. A missing file, a link that dangles or leads in a circle, or a directory that
// the caller may not search is no failure: `at_registration` is none. Never mounts an automount
// point; asks no server for attributes, but looking up a name on a dead network mount can block, as
// any lookup can. 160 when the path is relative, has a NUL inside, or is longer than the kernel
// takes.
Result<FileResource> IdentifyFile(const std::string& path);
// The same for many, in their order; fastest when neighbours are in the same directory. The first
// failure ends it.
Result<std::vector<FileResource>> IdentifyFiles(std::span<const std::string> paths);

// Where the links of an absolute path lead, as /proc/PID/exe would spell it; the path itself when
// that is nowhere, or it is not absolute. Blocks like IdentifyFile.
std::string WithoutLinks(const std::string& path);

}  // namespace rm
