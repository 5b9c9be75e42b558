// Who was asked to close its windows, and how does it stand? A display that does not answer is
// noticed; who is on it is then to be told by signals.
#pragma once

#include <poll.h>

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "apps/window_line.h"
#include "base/clock.h"
#include "model/process.h"
#include "procfs/proc_tree.h"

namespace rm {

class Closings {
 public:
  Closings(const ProcTree& proc, std::string programs)
      : proc_(proc), programs_(std::move(programs)) {}

  // Asks the windows of a process to close, as if a person did; does not wait. `false`: it has no
  // display that could be asked.
  bool Begin(const ProcessId& process);
  // Takes in what the displays have said.
  void Listen();

  // It was asked, and asking it was not in vain (yet): no signal should disturb what it does.
  // `false`: it has no window that can be asked; or its windows are closed for 5 s, or its display
  // did not answer for as long, and it lives; or the display is gone.
  bool IsAtIt(const ProcessId& process) const;
  // What a person has to answer before it goes on: the title, told once for each question.
  std::optional<std::string> TakeQuestion(const ProcessId& process);

  void AddEvents(std::vector<pollfd>& events) const;
  // When IsAtIt may change although no display says anything.
  std::optional<TimePoint> due() const;
  void Forget(const ProcessId& process);
  void ForgetAll();

 private:
  struct Standing {
    DisplayAccess access;
    std::optional<CloseState> state;  // none: not told yet
    TimePoint since;                  // when it was asked, or the state last changed
    std::string question;
    bool lost = false;  // nobody tells any more

    std::optional<TimePoint> due() const;
  };

  void Hear(const DisplayAccess& access, const WindowWord& word);
  void Lose(const DisplayAccess& access);

  const ProcTree& proc_;
  const std::string programs_;
  std::map<DisplayAccess, WindowLine> lines_;
  std::map<ProcessId, Standing> asked_;
};

}  // namespace rm
