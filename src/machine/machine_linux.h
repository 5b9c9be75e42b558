// Which Machine is the real one? /proc, pidfds and systemd.
#pragma once

#include <memory>
#include <string>

#include "machine/machine.h"

namespace rm {

// `programs`: the directory of rm-guard and rm-relaunch. Opens nothing yet: service managers are
// connected to when they are first needed. Not thread-safe: one per session. 5 without
// /proc, 160 when RESTART_MANAGER_BACKEND is none that there is.
Result<std::unique_ptr<Machine>> MakeLinuxMachine(std::string programs);

}  // namespace rm
