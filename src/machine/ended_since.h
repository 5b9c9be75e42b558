// Has a unit done, since it was stopped, what it was owed a start for?
#pragma once

#include <string>

#include "systemd/manager.h"

namespace rm {

// Has it run since, whoever started it, and is it down because its run came to its end, or because
// somebody wanted that? Where that cannot be told it is not: of an unknown run (""), of one that
// PID 1 has forgotten, of a start that failed or ended at once, and of a crash.
bool EndedSince(const std::string& stopped_run, const LastRun& last);

}  // namespace rm
