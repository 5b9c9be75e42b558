// Who could let a path lead to another file?
#pragma once

#include <sys/types.h>

#include <string>

namespace rm {

// Nobody but root and this user: theirs are all directories and links on the way, and the file, and
// no directory can be written to by others (unless only the owner of a name may take it away, as in
// /tmp). False also if that cannot be told.
bool IsInHandsOf(const std::string& path, uid_t user);

}  // namespace rm
