// How is what was stopped brought back?
#pragma once

#include <functional>
#include <stop_token>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "model/debt.h"

namespace rm {

// A service is asked to start; a program runs when this returns, in a console of its own if it is
// for one.
Result<void> StartDebt(Debt& debt);
// As Machine::AwaitStarted.
bool AwaitServices(std::vector<Debt>& debts, TimePoint deadline, const std::stop_token& cancel,
                   const std::function<void(const Debt&, const std::string& why)>& decided);

}  // namespace rm
