// Would they leave? All of a wave that answer are asked at once, before anybody is told to.
#pragma once

#include <map>
#include <set>
#include <stop_token>
#include <string>

#include "base/clock.h"
#include "machine/machine.h"
#include "model/step.h"

namespace rm {

struct FirstAnswers {
  std::set<size_t> queried;               // still there, and told nothing more than the question
  std::set<size_t> gone;                  // left when they were asked
  std::map<size_t, std::string> against;  // refused, or were silent: why
};

// Returns when everybody has answered or the time is up; `every` false: or when one is against it.
// Cancelled: with what was heard until then. What was queried waits for Ask or CallOff.
FirstAnswers AskFirst(const StopPlan& plan, const StopWave& wave, Milliseconds limit, bool every,
                      Machine& machine, const std::stop_token& cancel);

}  // namespace rm
