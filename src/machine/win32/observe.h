// Who uses what was registered, and what is there to know about them?
#pragma once

#include "machine/machine.h"
#include "machine/win32/services.h"

namespace rm {

Observation ObserveWin32(const Registration& registered, const ObserveOptions& options,
                         const std::stop_token& cancel);

}  // namespace rm
