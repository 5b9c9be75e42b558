// Pays what a session owes: ends the hold, starts what nobody started, verifies that it runs.
#pragma once

#include <vector>

#include "execute/stop.h"

namespace rm {

// Sets the state of each debt and the status of its app in `apps`. 0; 352 somebody did not come
// back; 1223 (what waited in the queue starts all the same); 29, 121, 14.
Result<void> Restart(std::vector<Debt>& debts, std::vector<App>& apps, const StopContext& context,
                     Machine& machine, SessionStore& store);

// Cancels what is owed and ends the hold: what is down stays down.
Result<void> LeaveDown(std::vector<Debt>& debts, const StopContext& context, Machine& machine,
                       SessionStore& store);

}  // namespace rm
