// Whom does the hold let through? A unit that the installer itself asks for and waits for: it would
// wait for the hold, and the hold for it.
//
// Every maintainer script restarts its service and waits. Whoever asks knows that the new files are
// in place, so the gate of that unit is opened, and those of the held units that it starts after.
// Requests from elsewhere (sockets, timers, an administrator) go on waiting.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "guard/owner_tree.h"
#include "guard/request.h"
#include "procfs/proc_tree.h"
#include "systemd/manager.h"

namespace rm {

class Gatekeeper {
 public:
  // `patience`: how long an installer that waits in a way that is not understood may wait.
  Gatekeeper(Manager& manager, const ProcTree& proc, std::string session, pid_t owner,
             Milliseconds patience)
      : manager_(manager),
        proc_(proc),
        session_(std::move(session)),
        owner_(owner),
        patience_(patience) {}

  // Call after each Manager::Dispatch and at the deadline.
  //
  // PID 1 tells of a request by JobNew, or when it merges it into a job that waits already, by
  // PropertiesChanged of that job's State from "waiting" to "waiting" (systemd: transaction_apply
  // calls job_add_to_dbus_queue). It does not tell who asked. So:
  // - a systemctl among the owner's descendants that names the unit: its gates open at once;
  // - one that names nothing that has a job: after `patience` all gates open;
  // - a request that no systemctl explains, while a descendant with a socket has been waiting in
  //   one call ever since (as clients of D-Bus do): after `patience` that unit's gates open.
  // Not seen: a connection to the socket of a held unit. PID 1 does not look at the socket while
  // the service's start is queued (systemd: socket_enter_running, socket_trigger_notify).
  Result<void> Look(TimePoint now);
  std::optional<TimePoint> deadline() const { return deadline_; }
  // Then it looks, whether PID 1 has told of anything or not.
  void WakeAt(TimePoint time);

 private:
  struct Asked {
    ProcessId process;
    StartRequest request;
  };
  struct Unexplained {
    TimePoint since;
    std::map<ProcessId, std::string> clients;  // SocketClients at that time
  };

  bool TakeEvents();
  Result<std::vector<Asked>> Requests(const std::vector<Descendant>& tree);
  Result<void> Serve(const std::vector<Asked>& asked, const std::vector<Job>& jobs, TimePoint now);
  Result<bool> LetThrough(const StartRequest& request, const std::vector<Job>& jobs);
  Result<void> Suspect(const std::vector<Descendant>& tree, const std::vector<Job>& jobs,
                       TimePoint now);
  Result<void> OpenBefore(const std::string& unit);
  Result<void> OpenAll(const std::vector<Job>& jobs);
  bool IsOurGate(const std::string& unit) const;

  Manager& manager_;
  const ProcTree& proc_;
  const std::string session_;
  const pid_t owner_;
  const Milliseconds patience_;
  std::map<uint32_t, std::string> states_;       // job -> its last state
  std::set<uint32_t> requested_;                 // jobs that a request was merged into
  std::set<ProcessId> silent_;                   // whose memory did not answer
  std::map<ProcessId, TimePoint> since_;         // requests that were not understood: first seen
  std::map<uint32_t, Unexplained> unexplained_;  // jobs that somebody asked for
  std::optional<TimePoint> deadline_;
};

}  // namespace rm
