// Who remembers that something is owed a start when we are gone? PID 1's queue, behind the hold; on
// a machine without a service manager, a guard of our own.
#pragma once

#include <map>
#include <string>

#include "apps/launch.h"
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
  std::string RunOf(const UnitRef& unit);
  bool HasEndedSince(const Debt& debt);
  // Without the service manager it only begins: see `launching`.
  Result<void> Start(Debt& debt);
  // rm-relaunch at work for us, by spec file.
  std::map<std::string, Launching>& launching() { return launching_; }

 private:
  // Where it starts and after whom is left open.
  QueuedRelaunch RelaunchOf(const Debt& debt, const std::string& session) const;
  Result<void> StartGuard(const HoldRequest& request);
  Result<void> StartUnit(Manager& manager, const std::string& unit);
  Result<void> StartProcess(Debt& debt);
  Result<void> BeginProcess(Debt& debt);
  // False: its unit cannot be made anew.
  bool StartRelaunchUnit(const Debt& debt);
  // As long as who was asked stays, rm-relaunch takes the file away to wait for it: until then
  // nobody may remove it. Blocks up to kBecoming.
  void AwaitTaken(const Debt& debt);
  static bool WasLeftLate(const Debt& debt);

  ServiceManagers& managers_;
  const std::string programs_;
  std::map<std::string, Launching> launching_;
};

}  // namespace rm
