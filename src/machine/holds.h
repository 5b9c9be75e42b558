// Who remembers that something is owed a start when we are gone? PID 1's queue, behind the hold; on
// a machine without a service manager, a guard of our own.
#pragma once

#include <string>

#include "machine/machine.h"
#include "machine/service_managers.h"

namespace rm {

class Holds {
 public:
  Holds(ServiceManagers& managers, std::string programs)
      : managers_(managers), programs_(std::move(programs)) {}

  Result<void> Begin(const HoldRequest& request);
  Result<void> QueueRelaunch(const HoldRequest& request, Debt& debt);
  Result<void> Release(const std::string& session, const std::vector<Debt>& debts);
  Result<void> CancelStart(const Debt& debt);
  bool CallOffLateReturn(const std::string& store_directory, const Debt& debt);
  Result<void> Start(Debt& debt);

 private:
  Result<void> StartGuard(const HoldRequest& request);
  Result<void> StartUnit(Manager& manager, const std::string& unit);
  Result<void> StartProcess(Debt& debt);
  static bool WasLeftLate(const Debt& debt);

  ServiceManagers& managers_;
  const std::string programs_;
};

}  // namespace rm
