// Has the file of this descriptor a name in no directory any more?
#pragma once

#include <sys/stat.h>

#include "base/unique_fd.h"

namespace rm {

inline bool IsRemoved(const UniqueFd& file) {
  struct stat now {};
  return fstat(file.get(), &now) == 0 && now.st_nlink == 0;
}

}  // namespace rm
