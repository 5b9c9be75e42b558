// Does this /proc leave out processes that there are?
#pragma once

#include "procfs/proc_tree.h"

namespace rm {

// As the mount options hidepid=invisible and hidepid=ptraceable have it for those who may not look
// at everybody, proc(5). It cannot be told whom. False for a captured tree.
bool HidesProcesses(const ProcTree& proc);

}  // namespace rm
