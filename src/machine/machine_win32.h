// The computer as Windows, or Wine, shows it.
#pragma once

#include <memory>

#include "machine/machine.h"

namespace rm {

std::shared_ptr<Machine> MakeWin32Machine();

// Whether this process runs: its pid, and the time it started.
bool IsProcessAlive(const ProcessId& process);

}  // namespace rm
