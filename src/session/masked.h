// Who is not started after all, because a filter that came after the stop says so?
#pragma once

#include <vector>

#include "base/result.h"
#include "machine/machine.h"
#include "model/filter.h"
#include "store/session_store.h"

namespace rm {

// A service may be named by an alias of its unit, an executable by a path with links. Who cannot be
// asked about is meant as it is named.
void ResolveTargets(std::vector<Filter>& filters, Machine& machine);

// While things are down: takes the starts that a filter masks now out of the queue, so that they
// stay down also if the owner dies, and puts those back that none masks any more. Does not write
// the filters.
Result<void> FollowFilters(SessionState& state, const HoldRequest& hold, Machine& machine,
                           SessionStore& store);

// Before everybody is started: for good.
Result<void> OweNothingToMasked(SessionState& state, Machine& machine, SessionStore& store);

}  // namespace rm
