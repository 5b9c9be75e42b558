// Which FILETIME stands for the start of a process in the C structures?
#pragma once

#include <restartmanager.h>

#include <cstdint>

#include "model/process.h"

namespace rm {

// FILETIMEs are computed from the boot time that the store keeps, so that everyone has the same.
RM_UNIQUE_PROCESS ToUnique(const ProcessId& process, int64_t boot_us);
// A start time that no process of this boot can have gives a ProcessId that matches nobody.
ProcessId ToProcess(const RM_UNIQUE_PROCESS& process, int64_t boot_us);
FILETIME ToFileTime(int64_t unix_us);

}  // namespace rm
