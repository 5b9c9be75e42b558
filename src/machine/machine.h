// What can be asked of, and done to, the computer? SEAM 1: machine-linux.cc is the real one,
// tests/fakes has one that records.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "model/app.h"
#include "model/debt.h"
#include "model/fact.h"
#include "model/mapped_file.h"

namespace rm {

// Who calls: nobody may stop itself or those it lives from.
struct Caller {
  ProcessId self;
  std::vector<ProcessId> ancestors;  // parent first; pid 1 not included
  uid_t uid = 0;                     // effective
  std::optional<Owner> owner;        // the unit it runs in
};

struct TreeFound {
  FileResource file;
  std::vector<Skipped> skipped;  // below it
};

// Who is asked about holders.
enum class Backend {
  kAuto,  // whichever is there, and faster, unless RESTART_MANAGER_BACKEND names one
  kProc,
  kBpf,  // a program in the kernel; fails where there is none
};

struct ObserveOptions {
  bool directories = true;  // also working and root directories
  bool capture = false;     // also what it takes to relaunch plain processes
  Backend backend = Backend::kAuto;
};

// The hold of a session (docs/hold.md): while it exists, no held unit starts.
struct HoldRequest {
  std::string session;  // SessionRecord::name
  ProcessId owner;      // when this process dies, the hold ends by itself
  std::vector<UnitRef> held;
  std::string store_directory;  // the guard reads what is owed here
  bool guarded = true;          // false: there is no hold, and nothing is queued behind it
};

// One app that was asked to leave and has, or has not, or needs a person for it.
struct Departure {
  size_t app = 0;  // the number given to Ask
  bool gone = false;
  std::string trouble;  // why it is not gone, for people; "" if it is
  // It may still leave, and is still waited for: it shows a person a question, titled `trouble`.
  bool asks_a_person = false;
};

// What came of telling an app to leave.
enum class Told {
  kToLeave,  // by us
  kLeaving,  // a service that somebody else stops, or that ends by itself, and that nobody is going
             // to start: nothing was done, and its Departure is told like any other
  kGone,     // it was gone already
};

// What an app said when it was asked whether it would leave.
enum class AnswerKind {
  kAgrees,
  kRefuses,
  kGone,  // it left while it was asked
};

struct Answer {
  size_t app = 0;  // the number given to Query
  AnswerKind kind = AnswerKind::kAgrees;
  std::string reason;  // kRefuses: why, in the app's words; may be ""
};

class Machine {
 public:
  virtual ~Machine() = default;

  virtual TimePoint Now() = 0;
  // The calling process, together with the one that owns the session: what either needs to live
  // counts as an ancestor.
  virtual Result<Caller> Self(const ProcessId& owner) = 0;

  // --- facts ---------------------------------------------------------------------------------
  // What these absolute paths are now, in their order. A path that does not exist is a fact, not a
  // failure.
  virtual Result<std::vector<FileResource>> IdentifyFiles(
      const std::vector<std::string>& paths) = 0;
  // A path as /proc/PID/exe would show it: where its links lead. What cannot be followed to its end
  // stays as it is.
  virtual std::string WithoutLinks(const std::string& path) = 0;
  // The directory with everything that is below it now. One that does not exist is a fact, too.
  virtual Result<TreeFound> IdentifyTree(const std::string& path, bool other_file_systems,
                                         std::stop_token cancel) = 0;
  // None: no such process.
  virtual Result<std::optional<ProcessId>> IdentifyProcess(pid_t pid) = 0;
  // `load_state` "not-found" when there is no such unit; 29-free: a machine without systemd has no
  // units at all and says so with load_state "no-systemd".
  virtual Result<UnitFacts> DescribeUnit(const UnitRef& unit) = 0;
  virtual Result<Observation> Observe(const Registration& registered, const ObserveOptions& options,
                                      std::stop_token cancel) = 0;
  virtual bool IsAlive(const ProcessId& process) = 0;
  // What its service manager calls the present run of a unit, or the last one: each start is
  // another one. "": it has none, or nobody knows.
  virtual std::string RunOf(const UnitRef& unit) = 0;
  // Was the unit of this debt started since its stop, by whomever, and has it done what it was to
  // do, or was it stopped again? `false` also if that cannot be told.
  virtual bool HasEndedSince(const Debt& debt) = 0;
  // Of every process: the files that are not, or perhaps not, what is on disk under their names.
  virtual Result<MappedScan> ScanMapped(std::stop_token cancel) = 0;

  // --- acts ----------------------------------------------------------------------------------
  // Begins the hold, or extends it by the units that it does not hold yet. On return the guard
  // watches the owner. Blocks up to 10 s.
  virtual Result<void> Hold(const HoldRequest& request) = 0;
  // Queues a start of the process behind the hold, where the machine can; sets
  // Debt::relaunch_unit. Without a service manager it stays "", and the guard pays. What is needed
  // for the relaunch is kept in the store directory until it is done; if the request is not
  // guarded, that is all.
  virtual Result<void> QueueRelaunch(const HoldRequest& request, Debt& debt) = 0;

  // Asks an app that answers whether it would leave; does not wait. `false`: it does not answer
  // (any more), or it is gone. What was queried ends with Ask, with CallOff, or with Forget, which
  // is to the app as if it was called off.
  virtual Result<bool> Query(size_t number, const App& app) = 0;
  // Blocks until some of the queried have answered, until the deadline, or until cancelled. Empty:
  // deadline or cancelled, or nobody is left to answer.
  virtual Result<std::vector<Answer>> AwaitAnswers(TimePoint deadline, std::stop_token cancel) = 0;
  // Tells an app that was queried that it may stay.
  virtual void CallOff(size_t number) = 0;

  // Asks an app to leave; does not wait. Who was queried, whatever it said, is told by the same way
  // that it is to leave now. `comes_back`: a service's start is queued behind the hold
  // by the same job. `by_us`: if it is leaving already, that is our doing; then it is never told to
  // be kLeaving. Forgotten when its Departure was collected or Forget is called.
  virtual Result<Told> Ask(size_t number, const App& app, bool comes_back, bool by_us) = 0;
  // Ends by force what was asked before.
  virtual Result<void> Kill(size_t number) = 0;
  // Blocks until an app that was asked is gone (all its processes, by pidfd) or cannot be, or shows
  // its user a question, until the deadline, or until cancelled. Empty: deadline or cancelled.
  virtual Result<std::vector<Departure>> AwaitDepartures(TimePoint deadline,
                                                         std::stop_token cancel) = 0;
  virtual void Forget() = 0;

  // The right to change what the session owes, by stopping, starting or excepting: one at a time
  // has it, until it lets go of the pointer. Blocks while somebody else does, until the deadline:
  // 121.
  virtual Result<std::shared_ptr<void>> BeginPaying(const std::string& store_directory,
                                                    const std::string& session,
                                                    TimePoint deadline) = 0;
  // Removes what was kept in the store directory for this session, which owes nothing any more.
  virtual void CleanUp(const std::string& store_directory, const std::string& session) = 0;
  // Ends the session's hold in every service manager that one of the debts lives in: what waits
  // starts. No hold: nothing happens.
  virtual Result<void> Release(const std::string& session, const std::vector<Debt>& debts) = 0;
  // Takes a queued start out of the queue: it stays down.
  virtual Result<void> CancelStart(const Debt& debt) = 0;
  // The program of this debt may have been asked before, and stayed. It is not brought back any
  // more if it leaves late. `false`: nobody waited for that.
  virtual bool CallOffLateReturn(const std::string& store_directory, const Debt& debt) = 0;
  // Starts what is owed and neither queued nor running. Does not wait for it; sets the state where
  // it is known at once.
  virtual Result<void> Start(Debt& debt) = 0;
  // Blocks until one of the debts is paid (running) or has failed; sets their states. `true` when
  // all are decided, `false` at the deadline or when cancelled. `decided` is called for each.
  virtual Result<bool> AwaitStarted(
      std::vector<Debt>& debts, TimePoint deadline, std::stop_token cancel,
      const std::function<void(const Debt&, const std::string& why)>& decided) = 0;
};

}  // namespace rm
