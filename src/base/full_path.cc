#include "base/full_path.h"

namespace rm {

bool IsFullPath(std::string_view path) { return path.starts_with('/'); }

bool SamePath(std::string_view a, std::string_view b) { return a == b; }

}  // namespace rm
