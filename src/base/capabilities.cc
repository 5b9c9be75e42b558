#include "base/capabilities.h"

#include <linux/capability.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/win32_codes.h"

namespace rm {

Result<Capabilities> GetCapabilities() {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct half[2] = {};
  if (syscall(SYS_capget, &header, half) != 0)
    return Fail(kAccessDenied, "Capabilities cannot be read: {}.", std::strerror(errno));
  const auto whole = [](uint32_t low, uint32_t high) { return uint64_t{high} << 32 | low; };
  return Capabilities{whole(half[0].effective, half[1].effective),
                      whole(half[0].permitted, half[1].permitted),
                      whole(half[0].inheritable, half[1].inheritable)};
}

Result<void> SetCapabilities(const Capabilities& wanted) {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct half[2];
  for (int i : {0, 1})
    half[i] = {static_cast<uint32_t>(wanted.effective >> 32 * i),
               static_cast<uint32_t>(wanted.permitted >> 32 * i),
               static_cast<uint32_t>(wanted.inheritable >> 32 * i)};
  if (syscall(SYS_capset, &header, half) != 0)
    return Fail(kAccessDenied, "The capabilities cannot be set: {}.", std::strerror(errno));
  return {};
}

}  // namespace rm
