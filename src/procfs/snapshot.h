// What does a new process need to be like this one? Read before it is stopped.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "model/relaunch.h"
#include "procfs/proc_tree.h"

namespace rm {

// Opens nothing that the process points at. What a new process would lack is said in
// `cannot_restore`, one sentence each. 160 when the process has ended; 5 when it may not be read.
//
// `updated`: paths that somebody updates and that its executable had before. It is brought back as
// the new content of one of them if it runs an old one that was moved aside or removed.
Result<RelaunchSpec> Snapshot(const ProcTree& proc, const ProcessId& process,
                              const std::vector<std::string>& updated = {});

}  // namespace rm
