#include "procfs/automounts.h"

#include <algorithm>

namespace rm {

Automounts::Automounts(const std::vector<MountLine>& mounts) {
  for (const MountLine& mount : mounts) {
    if (mount.type != "autofs") continue;
    points_.insert(mount.point);
    const std::vector<std::string> options = Split(mount.options, ',');
    mounts_below_[mount.dev] = std::ranges::count(options, "indirect") != 0;
  }
}

bool Automounts::Mounts(uint64_t dev, bool root) const {
  const auto found = mounts_below_.find(dev);
  return found != mounts_below_.end() && !(root && found->second);
}

}  // namespace rm
