// What is mounted, and where may a lookup wait for ever?
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "procfs/parse.h"

namespace rm {

// Of our own mount namespace, as far as our root shows it. Empty without a /proc.
std::vector<MountLine> ReadMounts();
// Of the mount namespace of a process, as far as its root shows it; `process` is /proc/PID.
std::vector<MountLine> ReadMounts(int process);

// The folders of an overlay's layers from above to below, as they were named when it was mounted:
// some are relative to a folder that nobody knows any more. Where there is a colon in a name,
// pieces of it.
std::vector<std::string> LayersOf(const MountLine& overlay);

// Whether what is below is answered by a server: a program, another machine. It may be dead.
bool HasServer(const MountLine& mount);
// The mount points of those, and of overlays over them.
std::vector<std::string> ServedPoints(const std::vector<MountLine>& mounts);
// By /proc/PID, into the mount namespace of that process, where other mounts may be.
bool LeadsThroughProcess(const std::string& path);
// Whether the name of a path alone shows that it leads over none of these, up or around. A link on
// the way may do so all the same.
bool IsElsewhere(const std::string& path, const std::vector<std::string>& served);

// Whether the path is the folder or below it, by name.
bool IsBelow(std::string_view path, std::string_view folder);

}  // namespace rm
