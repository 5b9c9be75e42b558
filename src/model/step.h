// What is going to be done, in which order? The plan is data: dry runs print it, tests read it.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "model/app.h"
#include "model/debt.h"

namespace rm {

// All apps of one class are asked at the same time; the next class waits until this one is gone.
struct StopWave {
  std::string name;          // "windows", "consoles", "services", "shell"
  std::vector<size_t> apps;  // indices into StopPlan::apps
};

struct StopPlan {
  std::vector<App> apps;  // everyone affected, the masked ones too
  std::vector<StopWave> waves;
  std::vector<Debt> debts;    // what this plan will owe; written down before the first stop
  std::vector<UnitRef> held;  // units that must not start before the hold ends
  // Programs that were asked by an earlier try: if they leave now, that is our doing.
  std::set<ProcessId> asked_before;
  uint32_t reasons = 0;  // why a reboot is needed: nothing may be stopped
  uint32_t refusal = 0;  // 0, or the code why nothing may be stopped (350, 351)
  std::string why_refused;
};

}  // namespace rm
