#include "machine/questions.h"

#include <poll.h>

#include <algorithm>
#include <utility>

#include "apps/ask.h"
#include "machine/wait.h"

namespace rm {

bool Spoken::ended() const {
  pollfd end{pidfd.get(), POLLIN, 0};
  return poll(&end, 1, 0) > 0;
}

Result<std::vector<Spoken>> OpenProcesses(const App& app) {
  std::vector<Spoken> processes;
  for (const ProcessId& process : app.processes) {
    auto opened = OpenProcess(process);
    if (opened)
      processes.push_back(Spoken{std::move(*opened), process, std::nullopt});
    else if (opened.error().code != kProcessGone)
      return Pass(std::move(opened));
  }
  return processes;
}

Result<bool> Questions::Query(size_t number, const App& app) {
  auto processes = OpenProcesses(app);
  if (!processes) return Pass(std::move(processes));
  if (!listeners_) listeners_ = Listeners::Among(expected_);
  bool answers = false;
  for (Spoken& spoken : *processes) {
    spoken.talk = Conversation::Begin(spoken.process, *listeners_);
    if (!spoken.talk) continue;
    spoken.talk->Query();
    answers = true;
  }
  if (answers) queried_.insert_or_assign(number, Queried{std::move(*processes)});
  return answers;
}

std::optional<Answer> Questions::AnswerOf(size_t number, Queried& queried) {
  for (Spoken& spoken : queried.processes) {
    if (!spoken.talk) continue;
    while (const auto saying = spoken.talk->Hear()) {
      if (saying->word == Word::kNo) return Answer{number, AnswerKind::kRefuses, saying->reason};
      if (saying->word == Word::kYes) spoken.agreed = true;
    }
  }
  std::erase_if(queried.processes, [](const Spoken& spoken) { return spoken.ended(); });
  if (queried.processes.empty()) return Answer{number, AnswerKind::kGone, ""};
  const bool all = std::ranges::all_of(
      queried.processes, [](const Spoken& spoken) { return !spoken.talk || spoken.agreed; });
  if (all) return Answer{number, AnswerKind::kAgrees, ""};
  return std::nullopt;
}

Result<std::vector<Answer>> Questions::Await(TimePoint deadline, const std::stop_token& cancel) {
  while (true) {
    std::vector<Answer> answers;
    std::vector<pollfd> events;
    for (auto& [number, queried] : queried_) {
      if (queried.answered) continue;
      if (auto answer = AnswerOf(number, queried)) {
        queried.answered = true;
        answers.push_back(std::move(*answer));
        continue;
      }
      for (const Spoken& spoken : queried.processes) {
        events.push_back({spoken.pidfd.get(), POLLIN, 0});
        if (spoken.talk && !spoken.talk->over()) events.push_back({spoken.talk->fd(), POLLIN, 0});
      }
    }
    if (!answers.empty() || events.empty() || cancel.stop_requested() || Clock::now() >= deadline)
      return answers;
    if (auto waited = WaitForEvents(events, {}, deadline, cancel); !waited)
      return Pass(std::move(waited));
  }
}

void Questions::CallOff(size_t number) {
  const auto found = queried_.find(number);
  if (found == queried_.end()) return;
  for (Spoken& spoken : found->second.processes)
    if (spoken.talk) spoken.talk->Off();
  queried_.erase(found);
}

void Questions::Forget() {
  while (!queried_.empty()) CallOff(queried_.begin()->first);
  listeners_.reset();
}

std::optional<std::vector<Spoken>> Questions::Take(size_t number) {
  auto taken = queried_.extract(number);
  if (taken.empty()) return std::nullopt;
  return std::move(taken.mapped().processes);
}

}  // namespace rm
