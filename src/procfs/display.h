// On which display could this process have windows? What its environment was when it started.
#pragma once

#include <optional>

#include "model/display.h"
#include "model/process.h"
#include "procfs/proc_tree.h"

namespace rm {

// None: it has no display of this machine, has ended, or may not be read. Nothing that is named
// there is opened.
std::optional<DisplayAccess> ReadDisplayAccess(const ProcTree& proc, const ProcessId& process);

}  // namespace rm
