// What does the machine look like to somebody who registered these resources?
#pragma once

#include <stop_token>
#include <string>

#include "machine/holder_finder.h"
#include "machine/machine.h"
#include "machine/service_managers.h"
#include "procfs/proc_tree.h"

namespace rm {

// `programs`: the directory of rm-windows.
Result<Observation> ObserveMachine(const ProcTree& proc, HolderFinder& finder,
                                   const std::string& programs, ServiceManagers& managers,
                                   const Registration& registered, const ObserveOptions& options,
                                   std::stop_token cancel);

}  // namespace rm
