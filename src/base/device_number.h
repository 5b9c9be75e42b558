// How does the kernel itself write the number of a device? Programs see makedev(3) of the same.
#pragma once

#include <sys/sysmacros.h>

#include <cstdint>

namespace rm {

inline constexpr unsigned kKernelMinorBits = 20;  // <linux/kdev_t.h>

inline uint64_t DeviceFromKernel(uint32_t number) {
  constexpr uint32_t kMinorMask = (1u << kKernelMinorBits) - 1;
  return makedev(number >> kKernelMinorBits, number & kMinorMask);
}

inline uint64_t DeviceInKernel(uint64_t device) {
  return uint64_t{major(device)} << kKernelMinorBits | minor(device);
}

}  // namespace rm
