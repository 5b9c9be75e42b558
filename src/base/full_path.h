// Does a path say by itself which file it means, and do two say the same?
#pragma once

#include <string_view>

namespace rm {

// Whatever the working directory is.
bool IsFullPath(std::string_view path);
// As they are spelled: capitals do not count where the system does not count them.
bool SamePath(std::string_view a, std::string_view b);

}  // namespace rm
