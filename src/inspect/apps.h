// Who is affected, of which type, and why could it not be stopped or brought back? Pure.
#pragma once

#include <vector>

#include "model/app.h"
#include "model/fact.h"
#include "model/filter.h"

namespace rm {

// The caller as far as the verdict depends on it.
struct Onlooker {
  ProcessId self;
  std::vector<ProcessId> ancestors;
  uid_t uid = 0;
  std::optional<Owner> owner;
};

// One App per owner, in the order of stopping (windows, consoles, services, shell, then those that
// cannot be stopped), within a class by pid. contract.md 8 decides type and reasons; `relaunch`:
// programs that never registered count as restartable if they were captured faithfully; those that
// were not stay, unless they were registered by pid.
std::vector<App> AffectedApps(const Registration& registered, const Observation& seen,
                              const Onlooker& onlooker, bool relaunch);

// Sets the masked bits of everyone a filter hits, or who stays. The strongest filter wins
// (contract.md 10).
void ApplyFilters(const std::vector<Filter>& filters, std::vector<App>& apps);

// OR of the reasons of everyone who is listed and not masked.
uint32_t RebootReasons(const std::vector<App>& apps);

}  // namespace rm
