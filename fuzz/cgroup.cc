// /proc/PID/cgroup, and the unit that its path names
#include "systemd/cgroup.h"

#include "fuzz/fuzz.h"
#include "procfs/parse.h"

void rm::Fuzz(std::string_view input) {
  const std::string path = CgroupOf(input);
  Require(path.size() <= input.size());
  const auto owner = OwnerFromCgroup(path);
  if (owner) Require(!owner->unit.name.empty());
}
