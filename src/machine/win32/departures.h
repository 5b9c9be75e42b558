// Whom did we ask to leave, and who is gone? The asking half of the machine.
#pragma once

#include <map>
#include <memory>
#include <vector>

#include "base/win32/handle.h"
#include "machine/machine.h"
#include "machine/win32/window_talk.h"

namespace rm {

class Departures {
 public:
  Departures();

  Result<bool> Query(size_t number, const App& app);
  Result<std::vector<Answer>> AwaitAnswers(TimePoint deadline, const std::stop_token& cancel);
  void CallOff(size_t number);
  Result<Told> Ask(size_t number, const App& app);
  Result<void> Kill(size_t number);
  Result<std::vector<Departure>> AwaitDepartures(TimePoint deadline, const std::stop_token& cancel);
  void Forget() { asked_.clear(); }

 private:
  struct Asked {
    std::vector<ProcessId> processes;
    std::vector<UniqueHandle> handles;
    std::unique_ptr<WindowTalk> talk;
    bool answered = false;              // told by AwaitAnswers
    bool departing = false;             // asked to leave
    bool told = false;                  // told by AwaitDepartures
    std::vector<std::string> services;  // still to be stopped, the next one first
    bool stopping = false;              // the first of them has been asked
  };

  Asked& Remember(size_t number, const App& app);
  // Asks the next service when the one before has stopped. "" or why it cannot go on.
  std::string StopNext(Asked& asked);
  void Wait(TimePoint deadline);

  std::map<size_t, Asked> asked_;
  UniqueHandle said_;  // an event: somebody answered
};

}  // namespace rm
