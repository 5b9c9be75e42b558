// Which processes belong to the installer? The owner's descendants: whoever runs a transaction for
// it, maintainer scripts included.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "model/process.h"
#include "procfs/proc_tree.h"

namespace rm {

struct Descendant {
  ProcessId id;
  pid_t parent = 0;
  uid_t uid = 0;     // effective
  std::string name;  // the kernel's (comm)
};

// Those without children that have a socket open, with how often each has slept so far. Whoever is
// in the answer twice with the same number has been waiting in one call all the time.
std::map<ProcessId, std::string> SocketClients(const ProcTree& proc,
                                               const std::vector<Descendant>& tree);

// By parentage as it is now, the owner not included. Those that cannot be read are left out.
Result<std::vector<Descendant>> Descendants(const ProcTree& proc, pid_t owner);

// What each was started with: data of that process, for comparing only. Empty: it has ended. None:
// its memory does not answer, as when it is stuck in a change of that. Blocks up to a second for
// one of these, five for all.
Result<std::vector<std::optional<std::vector<std::string>>>> CommandLines(
    const ProcTree& proc, const std::vector<ProcessId>& processes);

}  // namespace rm
