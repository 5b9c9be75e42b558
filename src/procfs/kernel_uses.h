// For what does the kernel itself use these files? No process shows it.
#pragma once

#include <vector>

#include "model/fact.h"
#include "procfs/proc_tree.h"
#include "procfs/target_set.h"

namespace rm {

// Backing files of loop devices, swap files, and files that are mounted without a device. None
// where `proc` is not the kernel's own. A backing file is compared by the device and inode that its
// device tells, if the caller may open that, else by its name.
std::vector<KernelUse> FindKernelUses(const ProcTree& proc, const TargetSet& targets);

}  // namespace rm
