// Which namespaces are there besides the caller's, as far as processes live in them?
#pragma once

#include <sys/types.h>

#include <span>
#include <string>
#include <vector>

#include "procfs/proc_tree.h"

namespace rm {

// One process of each; `kind` is a name in /proc/PID/ns: "net", "mnt".
std::vector<pid_t> OneOfEachOther(const ProcTree& proc, std::span<const pid_t> pids,
                                  const std::string& kind);

}  // namespace rm
