// What is this path now? The links on the way, and the object at its end.
#pragma once

#include <chrono>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "model/resource.h"

namespace rm {

// `path` is absolute. A missing file, a link that dangles or leads in a circle, or a directory that
// the caller may not search is no failure: `at_registration` is none. Never mounts an automount
// point. 160 when the path is relative, has a NUL inside, or is longer than the kernel takes.
Result<FileResource> IdentifyFile(const std::string& path);
// The same for many, in their order; fastest when neighbours are in the same directory. The first
// failure ends it. Thousands are shared among at most 8 threads, which have ended on return.
//
// A path that leads, or may lead, over a mount with a server behind it (FUSE, NFS) is looked up in
// a child process: one that does not answer for so long is `unreachable`, like everything else
// below that mount. At most five times that in all. The child ends when the kernel lets go of it.
Result<std::vector<FileResource>> IdentifyFiles(
    std::span<const std::string> paths,
    std::chrono::milliseconds patience = std::chrono::milliseconds(3000));

// Where the links of an absolute path lead, as /proc/PID/exe would spell it; the path itself when
// that is nowhere, or it is not absolute, or a server on the way does not answer for 3 s.
std::string WithoutLinks(const std::string& path);

}  // namespace rm
