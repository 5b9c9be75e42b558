// What does one systemd instance know about its units, and what is it told to do with them?
//
// One connection to one service manager: the system's, or one user's. Every call is answered within
// kCallLimit (kUserCallLimit for a user's manager, which that user could have stopped or replaced)
// or fails with 121; a user's manager that did not answer in time is not asked again. Not
// thread-safe. Nothing here logs.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "model/fact.h"
#include "model/process.h"
#include "model/resource.h"

namespace rm {

class BusConnection;
class Tracker;

inline constexpr Milliseconds kCallLimit{90'000};
inline constexpr Milliseconds kUserCallLimit{5'000};
inline constexpr Milliseconds kGuardLimit{30'000};

// One unit as PID 1 sees it at one moment.
struct UnitState {
  std::string active_state;   // "active", "inactive", "failed", "activating", ...
  std::string sub_state;      // "running", "dead", "stop-sigterm", ...
  std::string result;         // the unit's own: "success", "timeout", "signal", ...; "" without one
  std::string status_text;    // what the service said of itself (sd_notify STATUS=)
  std::string invocation_id;  // 32 hex digits, new with every start; "" if it never ran
  pid_t main_pid = 0;
  uint32_t job = 0;       // number of the queued or running job; 0: none
  std::string job_type;   // "start", "stop", "restart", ...; "" without a job
  std::string job_state;  // "waiting", "running"; "" without a job

  // Nothing of it runs. A queued start does not change that.
  bool stopped() const { return active_state == "inactive" || active_state == "failed"; }
  bool start_queued() const { return job_type == "start" && job_state == "waiting"; }

  friend bool operator==(const UnitState&, const UnitState&) = default;
};

// How far a unit came when it was started last. The times are those of CLOCK_MONOTONIC; 0: never.
// `began` is when it was last neither inactive nor failed for the first time.
struct LastRun {
  UnitState state;
  std::string type;  // of a service: "simple", "oneshot", ...
  std::chrono::microseconds began{};
  std::chrono::microseconds became_active{};
  std::chrono::microseconds left_active{};
  std::chrono::microseconds main_ended{};  // of a service: its main process
};

// systemd.unit(5), "Conditions and asserts". A condition that is not met is no failure: the unit is
// to be down then.
struct UnmetAtStart {
  bool assertion = false;
  std::string what;  // "ConditionPathExists=/etc/x": those of the unit that are not met
};

// The hold of a session in this manager (docs/hold.md).
struct Hold {
  std::string session;             // [A-Za-z0-9_]+: part of unit names
  ProcessId owner;                 // for the description only: the guard is told in `guard`
  std::vector<std::string> guard;  // argv; argv[0] is an absolute path. It watches the owner and
                                   // says STATUS=watching (kGuardWatches) as soon as it does
  std::vector<std::string> units;  // that must not start; aliases are fine
};
inline constexpr const char* kGuardWatches = "watching";

// A process that is started when the session's hold ends.
struct QueuedRelaunch {
  std::string session;
  uint32_t number = 0;  // unique within the session
  std::string description;
  std::vector<std::string> argv;   // argv[0] is an absolute path; nothing in it is expanded
  std::vector<std::string> after;  // units of this manager that it starts after
  std::string slice;               // "": the manager's usual one
};

std::string HoldUnitName(const std::string& session);                   // rm-hold-SESSION.service
std::string GateUnitName(const std::string& session, uint32_t number);  // rm-gate-SESSION-N.service
inline constexpr std::string_view kRelaunchUnitPrefix = "rm-relaunch-";
std::string RelaunchUnitName(const std::string& session, uint32_t number);  // rm-relaunch-...
std::string OrderUnitName(const std::string& session, uint32_t number);     // rm-order-...

struct Job {
  uint32_t number = 0;
  std::string unit;
  std::string type;   // "start", "stop", "restart", ...
  std::string state;  // "waiting", "running"

  friend bool operator==(const Job&, const Job&) = default;
};

// What happened to a job (see WatchJobs).
struct JobEvent {
  enum Kind { kNew, kChanged, kRemoved } kind;
  uint32_t job = 0;
  std::string unit;    // kNew, kRemoved; kChanged carries ""
  std::string state;   // kNew, kChanged: "waiting", "running"
  std::string result;  // kRemoved: "done", "canceled", "timeout", "failed", "dependency", ...
};

class Manager {
 public:
  // Was this machine booted with systemd (sd_booted(3))?
  static bool Booted();

  // None: the system manager. As root over its private socket (works while the message bus is being
  // replaced), else over the system bus. A user's manager always over its private socket, and only
  // if the process that listens there belongs to that user: the path lies in the user's directory.
  // Fails with 2 when there is no such manager, 5 when it is not ours to ask or not the user's.
  static Result<std::unique_ptr<Manager>> Connect(std::optional<uid_t> user);

  Manager(const Manager&) = delete;
  Manager& operator=(const Manager&) = delete;
  ~Manager();

  const std::optional<uid_t>& user() const { return user_; }

  // --- facts ---------------------------------------------------------------------------------
  // A unit that does not exist is a fact (load_state "not-found"). `goes_along` is filled.
  Result<UnitFacts> Describe(const std::string& unit);
  // The unit's Id and aliases.
  Result<std::vector<std::string>> Names(const std::string& unit);
  // Why its last start was skipped (a condition) or refused (an assertion); none: it was not.
  Result<std::optional<UnmetAtStart>> Unmet(const std::string& unit);
  // By which properties is what lives in this scope limited, and other programs are not?
  Result<std::vector<std::string>> LimitsOf(const std::string& scope);
  // Read now, whether watched or not.
  Result<UnitState> Query(const std::string& unit);
  // UnitState::invocation_id alone, which costs less.
  Result<std::string> Invocation(const std::string& unit);
  Result<LastRun> Last(const std::string& unit);
  // Restart= of a service: "no", "always", ...
  Result<std::string> RestartPolicy(const std::string& unit);

  // --- the hold ------------------------------------------------------------------------------
  // On return the guard watches the owner and no unit of the list starts before the hold ends or
  // its gate is opened. May be called again with more units. When it fails, nothing new is held.
  // Blocks up to kGuardLimit.
  Result<void> BeginHold(const Hold& hold);
  // The units that are held back by a gate of this session right now.
  Result<std::vector<std::string>> Held(const std::string& session);
  // Lets one unit start although the hold lasts. Not held: nothing happens.
  Result<void> OpenGate(const std::string& session, const std::string& unit);
  // Ends the hold: PID 1 starts what waits. Does not wait. No hold: nothing happens.
  Result<void> EndHold(const std::string& session);

  // --- jobs: all return when the job is queued -----------------------------------------------
  // Stops now; starts at once, or if held, when the hold ends.
  Result<void> QueueRestart(const std::string& unit);
  Result<void> QueueStop(const std::string& unit);
  Result<void> StartUnit(const std::string& unit);
  // Takes the unit's queued start (or the start half of a restart) out of the queue. None queued:
  // nothing happens.
  Result<void> CancelQueuedStart(const std::string& unit);
  // Sends a signal to every process of the unit. None there: nothing happens.
  Result<void> KillUnit(const std::string& unit, int signal);
  // Forgets a failure, and how often the unit was started lately (StartLimitBurst=).
  Result<void> ResetFailed(const std::string& unit);
  // Queues a transient service of RelaunchUnitName behind the session's hold, and returns its name.
  // It waits for many units by way of one, OrderUnitName, that waits for all of them.
  Result<std::string> QueueRelaunch(const QueuedRelaunch& relaunch);
  // Every queued or running job.
  Result<std::vector<Job>> Jobs();
  // Units whose pending jobs have to finish before this unit's job can run, transitively. Empty
  // without a job.
  Result<std::vector<std::string>> WaitsFor(const std::string& unit);

  // --- events --------------------------------------------------------------------------------
  // For poll(2): wait for events() on fd(), at most until deadline(), then call Dispatch. Ask anew
  // before every wait: after daemon-reexec the connection is a new one.
  int fd() const;
  short events() const;
  std::optional<TimePoint> deadline() const;
  // Processes what has arrived; does not block for more. The states of watched units are up to date
  // afterwards. Reconnects when PID 1 closed the connection (daemon-reexec).
  Result<void> Dispatch();
  // Keeps State(unit) up to date from now on. Call before the act whose effect is awaited.
  Result<void> Watch(const std::string& unit);
  void Unwatch(const std::string& unit);
  // The state at the last Watch or Dispatch; a default UnitState if not watched.
  const UnitState& State(const std::string& unit) const;
  // Collects job events from now on; TakeJobEvents hands out and forgets them.
  Result<void> WatchJobs();
  std::vector<JobEvent> TakeJobEvents();

 private:
  Manager();
  Result<void> QueueJob(const char* method, const std::string& unit);
  Result<void> AwaitGuard(const std::string& hold);
  Result<void> MakeGates(const Hold& hold, std::vector<std::string>& made);
  Result<std::string> MakeOrder(const QueuedRelaunch& relaunch);

  std::optional<uid_t> user_;
  std::unique_ptr<BusConnection> connection_;
  std::unique_ptr<Tracker> tracker_;
  std::map<std::vector<std::string>, std::string> orders_;  // of the hold: what it is after -> unit
};

}  // namespace rm
