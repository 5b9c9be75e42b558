#include "execute/ask_first.h"

namespace rm {
namespace {

std::string Said(const std::string& reason) {
  return reason.empty() ? "it refuses to leave" : "it refuses to leave: " + reason;
}

}  // namespace

FirstAnswers AskFirst(const StopPlan& plan, const StopWave& wave, Milliseconds limit, bool every,
                      Machine& machine, const std::stop_token& cancel) {
  FirstAnswers said;
  std::set<size_t> open;
  for (size_t number : wave.apps) {
    if (cancel.stop_requested()) return said;
    if (!plan.apps[number].answers) continue;
    auto queried = machine.Query(number, plan.apps[number]);
    if (!queried) said.against.emplace(number, queried.error().message);
    if (!queried || !*queried) continue;
    said.queried.insert(number);
    open.insert(number);
  }
  const TimePoint deadline = machine.Now() + limit;
  std::string silence = "it does not answer";
  while (!open.empty() && !cancel.stop_requested() && (every || said.against.empty())) {
    auto answers = machine.AwaitAnswers(deadline, cancel);
    if (!answers) silence = answers.error().message;
    if (!answers || (answers->empty() && !cancel.stop_requested())) {
      for (size_t number : open) said.against.emplace(number, silence);
      return said;
    }
    for (const Answer& answer : *answers) {
      if (open.erase(answer.app) == 0) continue;
      if (answer.kind == AnswerKind::kRefuses)
        said.against.emplace(answer.app, Said(answer.reason));
      if (answer.kind != AnswerKind::kGone) continue;
      said.queried.erase(answer.app);
      said.gone.insert(answer.app);
    }
  }
  return said;
}

}  // namespace rm
