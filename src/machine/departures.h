// Who was asked to leave, and who of them is gone? Gone means: the kernel says so (pidfd), of every
// process, and a service's manager says so too.
#pragma once

#include <map>
#include <stop_token>
#include <vector>

#include "machine/closings.h"
#include "machine/machine.h"
#include "machine/questions.h"
#include "machine/service_managers.h"
#include "procfs/proc_tree.h"

namespace rm {

class Departures {
 public:
  // `programs`: the directory of rm-windows.
  Departures(const ProcTree& proc, ServiceManagers& managers, std::string programs)
      : proc_(proc), managers_(managers), closings_(proc, std::move(programs)) {}

  // Who is asked first whether it would leave.
  Questions& questions() { return questions_; }

  Result<Told> Ask(size_t number, const App& app, bool comes_back, bool by_us);
  Result<void> Kill(size_t number);
  Result<std::vector<Departure>> Await(TimePoint deadline, const std::stop_token& cancel);
  void Forget();

 private:
  struct Asked {
    App app;
    std::vector<Spoken> processes;  // those that still live
    bool terminal = false;
    bool leftovers_asked = false;
  };

  Result<void> TellToLeave(Asked& asked);
  static void Listen(Spoken& spoken, bool terminal);
  void SignalWhoIsLeft(Asked& asked);
  std::optional<Departure> News(size_t number, Asked& asked);

  bool WasStartedAgain(const Asked& asked);
  bool UnitStopped(const Asked& asked);
  bool IsGone(Asked& asked);
  std::vector<Manager*> ManagersInvolved();
  bool HasTerminal(const ProcessId& process) const;
  static void ForgetStarts(Manager& manager, const App& app);

  const ProcTree& proc_;
  ServiceManagers& managers_;
  Closings closings_;
  Questions questions_;
  std::map<size_t, Asked> pending_;
};

}  // namespace rm
