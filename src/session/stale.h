// Who runs outdated code on this machine?
#pragma once

#include <stop_token>

#include "base/result.h"
#include "machine/machine.h"
#include "model/stale.h"

namespace rm {

// Apps with stale files; with `all` also those whose files only are refreshed, transient or
// unknown. `caller` is the process that asks.
Result<StaleList> ListStale(Machine& machine, const ProcessId& caller, bool all,
                            std::stop_token cancel);

}  // namespace rm
