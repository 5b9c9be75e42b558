// For what does the kernel use a block device?
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "model/fact.h"
#include "procfs/loop_devices.h"
#include "procfs/mount_spaces.h"
#include "procfs/parse.h"

namespace rm {

struct DeviceUse {
  std::string user, where;  // as KernelUse
  HoldKind kind;
};

class DeviceUses {
 public:
  DeviceUses(MountSpaces& spaces, std::span<const SwapLine> swaps,
             std::span<const LoopDevice> loops)
      : spaces_(spaces), swaps_(swaps), loops_(loops) {}

  // Those of its partitions, too.
  std::vector<DeviceUse> Of(uint64_t device);
  // "mounted on /mnt", of it or what is made of it, as far as our own mount namespace shows it; "".
  std::string WhereMounted(uint64_t device) const;

 private:
  void AddMounts(uint64_t device, std::vector<DeviceUse>& uses);
  void AddSwap(uint64_t device, std::vector<DeviceUse>& uses);

  MountSpaces& spaces_;
  const std::span<const SwapLine> swaps_;
  const std::span<const LoopDevice> loops_;
};

}  // namespace rm
