#include "procfs/use_list.h"

#include <algorithm>

namespace rm {

void UseList::Add(const std::string& user, const std::string& where, HoldKind kind,
                  const FileTarget& target) {
  KernelUse use{user, where, {}};
  use.holding.kind = kind;
  use.holding.file = target.file;
  use.holding.previous_content = target.previous;
  uses_.push_back(std::move(use));
}

std::vector<const FileTarget*> UseList::Matches(const MountSpaces::Named& named) {
  std::vector<const FileTarget*> matches;
  const Met met{.directory = named.object.get(), .process = named.space->process.get()};
  targets_.ForFound(named.status, [&](const FileTarget& target) {
    if (IsTargetOrBelow(named.status, target, met, layers_)) matches.push_back(&target);
  });
  return matches;
}

std::vector<KernelUse> UseList::Take() {
  std::sort(uses_.begin(), uses_.end());
  uses_.erase(std::unique(uses_.begin(), uses_.end()), uses_.end());
  return std::move(uses_);
}

}  // namespace rm
