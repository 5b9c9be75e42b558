// Whom does nobody stop without a reboot? Pure.
#pragma once

#include <optional>
#include <string>

#include "inspect/apps.h"

namespace rm {

struct Verdict {
  uint32_t reason = 0;  // one Reason bit
  std::string why;      // for people
};

// None: it may be stopped. `unit` is null for a plain process.
std::optional<Verdict> WhyCritical(const App& app, const UnitFacts* unit, const Observation& seen,
                                   const Onlooker& onlooker);

}  // namespace rm
