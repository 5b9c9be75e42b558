// How is a file or directory made that only its owner can open, whatever the umask is? A library
// cannot ask for another umask: that is all threads'. So it has its mode before it has its name,
// and nobody meets it half made, or finds it so when its maker was killed.
#pragma once

#include <string>

#include "base/unique_fd.h"

namespace rm {

// An empty file, 0600, in a directory that is closed to others. 0, or errno: EEXIST. Opens nothing
// that has that name already, which would cost this process its locks on it (fcntl(2)).
int MakePrivateFile(int directory, const char* name);

// Opens what is there, or makes it. O_RDWR; never a link, and never blocks. Invalid: errno.
UniqueFd OpenPrivateFile(const std::string& path);

// 0700. 0, or errno: EEXIST.
int MakePrivateDirectory(const std::string& path);

}  // namespace rm
