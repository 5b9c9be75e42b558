// Under which name was this file before somebody moved it aside? Pure.
#pragma once

#include <string>
#include <vector>

namespace rm {

// "lib.so.bak", "lib.so.dpkg-tmp", "lib.so;5f3a9c21", ".lib.so.5f3a" ...: the names that the file
// may have had, likeliest first. Empty: it does not look like that.
std::vector<std::string> NamesBefore(const std::string& path);

// ".nfs00000000012345ab00000001": an NFS client renames so what is removed while it is in use.
bool IsNfsLeftover(const std::string& path);

}  // namespace rm
