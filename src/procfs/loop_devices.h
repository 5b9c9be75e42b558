// Which loop devices are there, and what are they made of?
#pragma once

#include <sys/stat.h>

#include <optional>
#include <string>
#include <vector>

namespace rm {

struct LoopDevice {
  std::string node;     // "/dev/loop0"
  uint64_t number = 0;  // makedev
  std::string path;     // of what it is made of, as the kernel prints it for us
  // What the device itself tells, of which the name may be one of another mount namespace: stx_dev,
  // stx_ino and stx_rdev. None: it may not be asked.
  std::optional<struct statx> backing;
};

std::vector<LoopDevice> ReadLoopDevices();

}  // namespace rm
