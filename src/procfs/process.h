// Who is this process? Its identity, what /proc tells about it, and who started it.
//
// Nothing here blocks on a file system: no path of another process is looked up on a dead mount.
#pragma once

#include <sys/types.h>

#include <optional>
#include <vector>

#include "base/result.h"
#include "model/process.h"
#include "procfs/proc_tree.h"

namespace rm {

// None: no such process. A thread id that is not a process is none, too.
// 5 when /proc may not be read.
Result<std::optional<ProcessId>> Identify(const ProcTree& proc, pid_t pid);

// None: no such process, or it ended while it was read. What may not be read is left empty.
Result<std::optional<ProcessFacts>> ReadProcess(const ProcTree& proc, pid_t pid);

// Every process, ascending. Processes that start meanwhile may be missing.
Result<std::vector<pid_t>> ListPids(const ProcTree& proc);

// Parent first. Ends before pid 1, at the border of the pid namespace, and where /proc hides one.
Result<std::vector<ProcessId>> Ancestors(const ProcTree& proc, pid_t pid);

}  // namespace rm
