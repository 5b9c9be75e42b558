// Does what was owed a start run now?
#pragma once

#include <functional>
#include <map>
#include <stop_token>
#include <string>
#include <vector>

#include "apps/launch.h"
#include "base/clock.h"
#include "machine/service_managers.h"
#include "model/debt.h"
#include "procfs/proc_tree.h"

namespace rm {

using DecidedSink = std::function<void(const Debt&, const std::string& why)>;

// Machine::AwaitStarted. A service that only says that it runs (Type=simple, exec) has to run its
// program for kSettled before it counts: one that cannot load its new library ends at once.
inline constexpr Milliseconds kSettled{300};

// Why is a unit that is not "loaded" not started?
std::string WhyNotLoaded(const std::string& unit, const std::string& load_state);

// What of `launching` is not decided by the deadline goes on, and is decided by the next look at
// it.
Result<bool> AwaitStarts(const ProcTree& proc, ServiceManagers& managers,
                         std::map<std::string, Launching>& launching, std::vector<Debt>& debts,
                         TimePoint deadline, const std::stop_token& cancel,
                         const DecidedSink& decided);

}  // namespace rm
