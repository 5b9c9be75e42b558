#include "machine/ended_since.h"

#include "machine/starts.h"

namespace rm {
namespace {

// Its main process was still there when it left "active": it was told to stop. Many then end with a
// status of which systemd says "failed". Time limits, watchdogs and lack of memory stop them, too.
bool FailedWhenItWasStopped(const LastRun& last) {
  const std::string& result = last.state.result;
  return last.main_ended > last.left_active &&
         (result == "exit-code" || result == "signal" || result == "core-dump");
}

}  // namespace

bool EndedSince(const std::string& stopped_run, const LastRun& last) {
  const UnitState& state = last.state;
  if (stopped_run.empty() || state.invocation_id.empty() || state.invocation_id == stopped_run)
    return false;
  if (state.job_type == "stop") return true;
  if (!state.stopped() || state.job != 0) return false;
  // Of the last run, and not of one before that did not get that far.
  const bool came_up = last.became_active >= last.began && last.left_active >= last.became_active;
  if (state.active_state == "failed") return came_up && FailedWhenItWasStopped(last);
  return last.type == "oneshot" || (came_up && last.left_active - last.became_active >= kSettled);
}

}  // namespace rm
