// On which display could these processes have windows? What their environment was when they
// started.
#pragma once

#include <chrono>
#include <map>
#include <span>
#include <vector>

#include "base/result.h"
#include "model/display.h"
#include "model/process.h"
#include "procfs/proc_tree.h"

namespace rm {

struct Displays {
  // Not of those that have no display of this machine, have ended, or may not be read.
  std::map<ProcessId, DisplayAccess> of;
  // Whoever reads the memory of these waits for more than `patience`.
  std::vector<ProcessId> unanswered;
};

// Nothing that is named there is opened. By a child: AnswersFromChild. 14.
Result<Displays> ReadDisplays(const ProcTree& proc, std::span<const ProcessId> processes,
                              std::chrono::milliseconds patience = std::chrono::seconds(3));

}  // namespace rm
