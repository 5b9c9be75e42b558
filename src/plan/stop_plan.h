// Who is stopped in which order, what is owed for it, and may it be done at all? Pure.
#pragma once

#include <map>
#include <vector>

#include "model/app.h"
#include "model/relaunch.h"
#include "model/step.h"

namespace rm {

struct StopOptions {
  bool force = false;
  bool only_registered = false;
};

// What is needed beside the apps to write down how they come back.
struct ComeBackSources {
  std::map<ProcessId, RelaunchSpec> captured;
  std::map<ProcessId, RestartRegistration> registered;
  std::vector<UnitRef> services;  // registered by name: held even when they are down
  std::vector<UnitRef> kept;      // a filter says that these are not stopped
};

// contract.md 11.1, 11.2. A refused plan stops nobody; its waves still show what would be done.
StopPlan PlanStop(std::vector<App> apps, const ComeBackSources& sources,
                  const StopOptions& options);

// The debts that belong to an app: its own and those of the units that go along.
std::vector<size_t> DebtsOf(const StopPlan& plan, size_t app);

}  // namespace rm
