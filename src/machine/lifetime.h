// Does a new process end sooner than the one in whose place it is started?
#pragma once

#include <optional>
#include <string>

#include "model/owner.h"
#include "model/process.h"
#include "model/relaunch.h"

namespace rm {

// A program of a login goes on after the logout, if it ignores the hang-up or has no terminal. One
// that a user's own service manager starts ends with that manager: with the last logout, unless the
// user lingers. `manager_of`: whose manager starts it; none: the system's, which stays. "": it does
// not; what ends with its terminal or its display anyway ends no sooner.
std::string WhyItEndsSooner(const RelaunchSpec& spec, const ProcessFacts& process,
                            const std::optional<Owner>& owner, std::optional<uid_t> manager_of,
                            const std::string& lingering = "/var/lib/systemd/linger");

}  // namespace rm
