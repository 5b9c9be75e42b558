// Has this process the means to make a new one like that?
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "model/relaunch.h"

namespace rm {

// What the child of ours that is to become it could not take, one sentence each: limits, priority
// and identity are inherited, and rm-relaunch fails where they cannot be changed. Where a service
// manager starts it, that one's means count. 29 when our own cannot be read.
Result<std::vector<std::string>> MeansLackingFor(const RelaunchSpec& spec);

}  // namespace rm
