#include "cli/stop.h"

#include "cli/exit_codes.h"
#include "cli/json.h"
#include "cli/output.h"
#include "cli/text.h"

namespace rm::cli {

ULONG FlagsOf(const StopOptions& stop) {
  return (stop.force ? RmForceShutdown : 0) | (stop.only_registered ? RmShutdownOnlyRegistered : 0);
}

api::Result<void> AskForRelaunch(api::Session& session, const StopOptions& stop) {
  return stop.relaunch ? session.SetOption(RmxOptionRelaunch, 1) : api::Result<void>{};
}

api::Result<int> ShowPlan(api::Session& session, const StopOptions& stop, bool json) {
  const auto plan = session.GetPlan(FlagsOf(stop));
  if (!plan) return plan.error();
  const int code = ExitCodeOfError(plan->refusal);
  Answer(json ? PlanJson(*plan, code) + "\n" : PlanText(*plan));
  return code;
}

}  // namespace rm::cli
