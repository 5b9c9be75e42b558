// Who was asked whether it would leave, and what did they say?
#pragma once

#include <map>
#include <optional>
#include <stop_token>
#include <utility>
#include <vector>

#include "apps/conversation.h"
#include "base/unique_fd.h"
#include "machine/machine.h"

namespace rm {

// A process that lives, and the line to it if it answers.
struct Spoken {
  UniqueFd pidfd;
  ProcessId process;
  std::optional<Conversation> talk;
  bool agreed = false;
  bool by_windows = false;  // is told to leave by its windows, or after those of its app

  bool ended() const;
};

class Questions {
 public:
  // Who answered when they were looked at last: of nobody else is the address looked up.
  void Expect(std::vector<ProcessId> processes) { expected_ = std::move(processes); }
  Result<bool> Query(size_t number, const App& app);
  Result<std::vector<Answer>> Await(TimePoint deadline, const std::stop_token& cancel);
  void CallOff(size_t number);
  void Forget();

  // Hands over the processes of an app that was queried, as far as they live. None: it was not.
  std::optional<std::vector<Spoken>> Take(size_t number);

 private:
  struct Queried {
    std::vector<Spoken> processes;
    bool answered = false;
  };

  static std::optional<Answer> AnswerOf(size_t number, Queried& queried);

  std::vector<ProcessId> expected_;
  // Looked up once for all that are asked together.
  std::optional<Listeners> listeners_;
  std::map<size_t, Queried> queried_;
};

// All processes of the app that live. 5 and others: one cannot be opened.
Result<std::vector<Spoken>> OpenProcesses(const App& app);

}  // namespace rm
