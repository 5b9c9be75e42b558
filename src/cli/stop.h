// How is a stop asked for, and shown beforehand? The same for `run` and for `session shutdown`.
#pragma once

#include <restartmanager.hpp>

#include "cli/options.h"

namespace rm::cli {

// RM_SHUTDOWN_TYPE bits. `relaunch` is an option of the session: AskForRelaunch.
ULONG FlagsOf(const StopOptions& stop);

restartmanager::Result<void> AskForRelaunch(restartmanager::Session& session,
                                            const StopOptions& stop);

// Answers with the plan, in JSON or in lines, and does nothing. Its exit status: 0 if the stop
// would go ahead.
restartmanager::Result<int> ShowPlan(restartmanager::Session& session, const StopOptions& stop,
                                     bool json);

}  // namespace rm::cli
