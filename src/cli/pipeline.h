// Who reads what this program and its command write? In `restartctl run ... | tee log` stopping tee
// would end the command in the middle, by SIGPIPE.
#pragma once

#include <sys/types.h>

#include <set>
#include <string>

namespace rm::cli {

// The pipes among the standard streams of this process, as /proc/PID/fd names them.
std::set<std::string> OwnPipes();

// Whether that process has one of them open. False also when it may not be looked at.
bool HasPipe(pid_t pid, const std::set<std::string>& pipes);

}  // namespace rm::cli
