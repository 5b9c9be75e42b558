// What was stopped and is owed a start? Written down before the stop, crossed out after the start.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "model/app.h"
#include "model/relaunch.h"

namespace rm {

enum class DebtState : uint32_t {
  kOwed = 0,        // was asked to stop: to be started
  kPaid = 1,        // runs again
  kCancelled = 2,   // to be left down: a filter, or RmEndSession without RmRestart
  kFailed = 3,      // was started and failed
  kPlanned = 4,     // written down; its app has not been asked to stop yet
  kSuppressed = 5,  // was owed: a filter that came later keeps it down for now
};

struct Debt {
  uint64_t id = 0;                      // unique within a session; 0: not stored yet
  std::optional<UnitRef> unit;          // the unit that is owed a start, or
  std::optional<RelaunchSpec> process;  // the process that is
  std::string app_name;                 // for people
  std::string relaunch_unit;            // process: the transient unit that waits in PID 1's queue,
                                        // "" when the guard relaunches by itself
  std::string spec_file;                // process: what rm-relaunch reads, and removes once it has
  std::string stopped_run;              // unit: the run that was stopped, or one after it that did
                                        // not pay (Machine::RunOf); "": not known
  DebtState state = DebtState::kOwed;
};

// It was stopped and is not back: a start is owed, tried or not.
inline bool IsOwed(const Debt& debt) {
  return debt.state == DebtState::kOwed || debt.state == DebtState::kFailed;
}

}  // namespace rm
