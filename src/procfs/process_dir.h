// Which directory is that process? /proc/PID, opened: it stays that process.
#pragma once

#include <sys/types.h>

#include "base/unique_fd.h"
#include "procfs/parse.h"
#include "procfs/proc_tree.h"

namespace rm {

// 0 or an errno. A thread has such a directory too, though no listing shows it.
int OpenProcess(const ProcTree& proc, pid_t pid, UniqueFd& directory);
// Whether there is such a process and /proc keeps it from the caller (hidepid).
bool IsHidden(const ProcTree& proc, pid_t pid);
// EPROTO when it is no stat line.
int ReadStat(int directory, ProcessStat& stat);

}  // namespace rm
