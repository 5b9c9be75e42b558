#include "base/user_name.h"

#include <pwd.h>

#include <array>

namespace rm {

std::string UserName(uid_t user) {
  passwd entry{}, *found = nullptr;
  std::array<char, 4096> names;
  const int error = getpwuid_r(user, &entry, names.data(), names.size(), &found);
  return error == 0 && found ? entry.pw_name : "";
}

}  // namespace rm
