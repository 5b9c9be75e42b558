// Which of the files is this one object, which a process is known to hold?
#pragma once

#include <sys/types.h>

#include <vector>

#include "model/fact.h"
#include "procfs/proc_tree.h"
#include "procfs/target_set.h"

namespace rm {

struct HeldObject {
  pid_t pid = 0;
  pid_t tid = 0;  // whose table it is in
  HoldKind kind = HoldKind::kDescriptor;
  int fd = -1;         // kDescriptor
  uint64_t begin = 0;  // kMapping: its addresses
  uint64_t end = 0;
};

// 0 or an errno; IsGone when it is not held any more. EPERM for a mapping without CAP_SYS_ADMIN or
// CAP_CHECKPOINT_RESTORE. Decides as FindHolders does. `number`: the inode number that it has now.
int MatchHeldObject(const ProcTree& proc, const HeldObject& held, const TargetSet& targets,
                    Layers& layers, std::vector<const FileTarget*>& matches, uint64_t& number);

}  // namespace rm
