// How does a thread wait for processes, service managers, a deadline and a cancel at once? poll(2).
#pragma once

#include <poll.h>

#include <stop_token>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "systemd/manager.h"

namespace rm {

// Returns when a descriptor is ready (see `revents`), a manager has something to dispatch (done
// here), the deadline has passed, or a stop was requested. May return early for no reason.
Result<void> WaitForEvents(std::vector<pollfd>& descriptors, const std::vector<Manager*>& managers,
                           TimePoint deadline, const std::stop_token& cancel);

}  // namespace rm
