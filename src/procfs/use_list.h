// For which of the files was a use by the kernel found?
#pragma once

#include <string>
#include <vector>

#include "model/fact.h"
#include "procfs/mount_spaces.h"
#include "procfs/target_set.h"

namespace rm {

class UseList {
 public:
  explicit UseList(const TargetSet& targets) : targets_(targets) {}

  void Add(const std::string& user, const std::string& where, HoldKind kind,
           const FileTarget& target);
  // The files that are this object, or that it shows, or that show it, through an overlay.
  std::vector<const FileTarget*> Matches(const MountSpaces::Named& named);
  const TargetSet& targets() const { return targets_; }
  // Sorted, each once.
  std::vector<KernelUse> Take();

 private:
  const TargetSet& targets_;
  Layers layers_{Layers::Wait::kMayNot};
  std::vector<KernelUse> uses_;
};

}  // namespace rm
