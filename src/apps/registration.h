// Did this process ask to be started again? RegisterApplicationRestart keeps the answer in the
// process itself (base/registration.h).
#pragma once

#include <optional>

#include "base/result.h"
#include "model/process.h"
#include "model/relaunch.h"

namespace rm {

// None: it did not, or it has ended. 5: its descriptors may not be looked at. Never blocks.
Result<std::optional<RestartRegistration>> ReadRestartRegistration(const ProcessId& process);

}  // namespace rm
