// Carries out a stop plan: writes down what will be owed, begins the hold; then, wave by wave, asks
// who would leave, tells them to, waits.
#pragma once

#include <stop_token>
#include <string>

#include "base/clock.h"
#include "execute/event.h"
#include "machine/machine.h"
#include "model/step.h"
#include "store/session_store.h"

namespace rm {

struct Limits {
  Milliseconds query{5'000};      // contract.md 11.3 G5
  Milliseconds app{30'000};       // contract.md 11.3 G6
  Milliseconds service{20'000};   // contract.md 11.5
  Milliseconds kill{5'000};       // until a killed process must be gone
  Milliseconds restart{120'000};  // until everything must be back
};

struct StopContext {
  SessionRecord session;
  std::string store_directory;
  Limits limits;
  bool force = false;
  bool guard = true;  // false: no hold; what is stopped starts again by Restart or Recover alone
  EventSink events;   // may be empty
  std::function<void(unsigned)> percent;  // may be empty
  std::stop_token cancel;
};

// Updates the status of `plan.apps` and the state of `plan.debts`. 0; 351 somebody refused or did
// not leave; 1223; 29, 121, 14 nothing (more) was stopped because it could not be written down. A
// failure of the hold is 351 with nothing stopped. The plan must not be refused.
Result<void> Stop(StopPlan& plan, const StopContext& context, Machine& machine,
                  SessionStore& store);

}  // namespace rm
