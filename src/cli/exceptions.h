// Who is not to be stopped by this run? Itself, those it lives from, those at the other end of its
// pipes, and on request what only a reboot could free.
#pragma once

#include <restartmanager.hpp>

namespace rm::cli {

enum class Critical { kRefuse, kLeaveRunning };

// Excepts this process, its ancestors and its pipeline, their services, and with kLeaveRunning
// everyone who would make Shutdown refuse with 350. Returns who uses the resources then.
restartmanager::Result<restartmanager::AppList> ExceptOwnTree(restartmanager::Session& session,
                                                              Critical critical);

}  // namespace rm::cli
