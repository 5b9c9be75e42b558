#include "guard/main/capabilities.h"

#include <linux/capability.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

#include "base/win32_codes.h"

namespace rm {

Result<void> KeepCapabilities(std::initializer_list<int> kept) {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct halves[2] = {};
  uint32_t wanted[2] = {};
  for (const int capability : kept) wanted[capability / 32] |= uint32_t{1} << capability % 32;
  bool done = syscall(SYS_capget, &header, halves) == 0;
  for (int i : {0, 1}) {
    const uint32_t left = halves[i].permitted & wanted[i];
    halves[i] = {left, left, 0};
  }
  done = done && syscall(SYS_capset, &header, halves) == 0;
  if (!done)
    return Fail(kAccessDenied, "The guard's capabilities cannot be given up: {}.", strerror(errno));
  return {};
}

}  // namespace rm
