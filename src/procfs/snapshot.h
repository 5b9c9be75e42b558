// What does a new process need to be like this one? Read before it is stopped.
#pragma once

#include "base/result.h"
#include "model/relaunch.h"
#include "procfs/proc_tree.h"

namespace rm {

// Opens nothing that the process points at. What a new process would lack is said in
// `cannot_restore`, one sentence each. 160 when the process has ended; 5 when it may not be read.
Result<RelaunchSpec> Snapshot(const ProcTree& proc, const ProcessId& process);

}  // namespace rm
