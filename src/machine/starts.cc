#include "machine/starts.h"

#include <fmt/core.h>
#include <unistd.h>

#include <algorithm>
#include <optional>
#include <set>
#include <utility>

#include "machine/started_program.h"
#include "machine/wait.h"
#include "procfs/process.h"
#include "procfs/process_dir.h"

namespace rm {
namespace {

constexpr const char* kRelaunchProgram = "rm-relaunch";

struct Start {
  Debt* debt;
  Manager* manager;  // null: rm-relaunch was started without one
  std::string unit;
  std::string type;                    // the service's Type=
  std::optional<TimePoint> forked_at;  // "active" since we looked
  std::optional<TimePoint> active_at;  // running its program since we looked
  TimePoint since = Clock::now();
};

enum class Answer { kNotYet, kRuns, kFailed, kToStayDown };

DebtState StateAfter(Answer answer) {
  if (answer == Answer::kRuns) return DebtState::kPaid;
  return answer == Answer::kToStayDown ? DebtState::kCancelled : DebtState::kFailed;
}

// Else "active" says no more than that its process was forked.
bool SaysWhenReady(const std::string& unit, const std::string& type) {
  return !unit.ends_with(".service") || type == "notify" || type == "notify-reload" ||
         type == "dbus" || type == "forking" || type == "oneshot";
}

class StartWatch {
 public:
  StartWatch(const ProcTree& proc, ServiceManagers& managers,
             std::map<std::string, Launching>& launching, const DecidedSink& decided)
      : proc_(proc), managers_(managers), launching_(launching), decided_(decided) {}

  void Add(Debt& debt) {
    auto manager = debt.unit ? managers_.Of(debt.unit->user) : Result<Manager*>(managers_.Home());
    if (debt.process &&
        (!*manager || debt.relaunch_unit.empty() || launching_.contains(debt.spec_file))) {
      starts_.push_back({.debt = &debt, .manager = nullptr});
      return;
    }
    if (!manager || !*manager)
      return Decide(debt, DebtState::kFailed, "its service manager cannot be reached");
    const std::string name = debt.unit ? debt.unit->name : debt.relaunch_unit;
    if (auto watched = (*manager)->Watch(name); !watched)
      return Decide(debt, DebtState::kFailed, watched.error().message);
    Start start{.debt = &debt, .manager = *manager, .unit = name, .type = "exec"};
    if (debt.unit)
      if (auto facts = (*manager)->Describe(name)) start.type = facts->type;
    starts_.push_back(std::move(start));
  }

  // What rm-relaunch has not told by now its file will tell.
  ~StartWatch() {
    for (const Start& start : starts_) launching_.erase(start.debt->spec_file);
  }

  // True when everything is decided.
  Result<bool> Await(TimePoint deadline, const std::stop_token& cancel) {
    while (true) {
      NoteStarted();
      std::erase_if(starts_, [this](Start& start) { return IsDecided(start); });
      if (starts_.empty()) return true;
      if (cancel.stop_requested() || Clock::now() >= deadline) return false;
      std::vector<pollfd> reports = Reports();
      if (auto waited = WaitForEvents(reports, Involved(), NextLook(deadline), cancel); !waited)
        return Pass(std::move(waited));
    }
  }

 private:
  void Decide(Debt& debt, DebtState state, const std::string& why) {
    debt.state = state;
    if (debt.process && state == DebtState::kPaid) unlink(debt.spec_file.c_str());
    decided_(debt, why);
  }

  bool IsDecided(Start& start) {
    std::string why;
    const Answer answer = Look(start, why);
    if (answer == Answer::kNotYet) return false;
    Decide(*start.debt, StateAfter(answer), why);
    if (start.manager) start.manager->Unwatch(start.unit);
    return true;
  }

  Answer Look(Start& start, std::string& why) {
    if (!start.manager) return LookAtLaunch(start, why);
    UnitState state = start.manager->State(start.unit);
    // The end of a job and the new state of its unit are two signals, in no certain order: before
    // it counts as down it is asked.
    if (state.stopped() && state.job == 0)
      if (auto now = start.manager->Query(start.unit)) state = std::move(*now);
    if (state.active_state == "active") {
      if (!start.debt->process && SaysWhenReady(start.unit, start.type)) return Answer::kRuns;
      if (StillBecoming(start, state.main_pid)) return Answer::kNotYet;
      if (!start.active_at) start.active_at = Clock::now();
      return Clock::now() >= *start.active_at + kSettled ? Answer::kRuns : Answer::kNotYet;
    }
    if (start.debt->process && state.job == 0) return LookAtProcess(start, state, why);
    // A job that was under way when it was stopped runs again; nobody waits for its end.
    if (start.type == "oneshot" && state.active_state == "activating" && state.main_pid != 0)
      return Answer::kRuns;
    if (state.active_state == "failed" && state.job == 0) {
      NoteRun(start, state);
      why = fmt::format("it failed to start (result: {}); see journalctl -u {}", state.result,
                        start.unit);
      return Answer::kFailed;
    }
    if (state.active_state == "inactive" && state.job == 0) {
      if (const auto unmet = LookAtConditions(start, why)) return *unmet;
      if (start.type == "oneshot") return Answer::kRuns;  // a job that is done
      NoteRun(start, state);
      why = WhyItIsDown(start);
      return Answer::kFailed;
    }
    start.forked_at.reset();
    start.active_at.reset();
    return Answer::kNotYet;
  }

  static std::string WhyItIsDown(const Start& start) {
    if (const auto facts = start.manager->Describe(start.unit);
        facts && facts->load_state != "loaded")
      return WhyNotLoaded(start.unit, facts->load_state);
    return fmt::format(
        "it is not running: it ended at once, a condition of its unit is not met, or somebody "
        "stopped it; see journalctl -u {}",
        start.unit);
  }

  // It did not pay: whoever tries again is not to take it for a start by somebody else.
  static void NoteRun(Start& start, const UnitState& state) {
    if (start.debt->unit) start.debt->stopped_run = state.invocation_id;
  }

  // To systemd a condition that is not met is no failure: who configured the unit wants it down
  // then. So it is told, and owed no longer; it would be told again for ever. Of a unit that
  // nothing refers to PID 1 forgets that at once.
  static std::optional<Answer> LookAtConditions(const Start& start, std::string& why) {
    const auto unmet = start.manager->Unmet(start.unit);
    if (!unmet || !*unmet) return std::nullopt;
    if ((*unmet)->assertion) {
      why = fmt::format("its service manager refuses to start it: {} is not met", (*unmet)->what);
      return Answer::kFailed;
    }
    why = fmt::format(
        "its service manager leaves it down, as its unit says: {} is not met; it is "
        "owed no start any more",
        (*unmet)->what);
    return Answer::kToStayDown;
  }

  // Its unit is over: the program has put itself into the background, has ended, or was never
  // started. Or rm-relaunch was killed, and PID 1 is about to run it again ("activating"; to some
  // versions it has failed for a moment). One that PID 1 gives up is forgotten at once.
  Answer LookAtProcess(Start& start, const UnitState& state, std::string& why) {
    const SpecFileState file = LookAtSpecFile(start.debt->spec_file);
    if (file.started) return LookAtStarted(start, file.process, why);
    const bool runs_again = state.active_state == "activating";
    const bool failed = state.active_state == "failed";
    if (file.busy || runs_again || (file.waiting && failed)) return Answer::kNotYet;
    why = file.failure.empty() ? "its unit ended before it was started" : file.failure;
    return Answer::kFailed;
  }

  Answer LookAtLaunch(Start& start, std::string& why) {
    const auto ours = launching_.find(start.debt->spec_file);
    if (ours == launching_.end()) return LookAtOthers(start, why);
    const auto decided = ours->second.Look();
    if (!decided && Clock::now() < start.since + kBecoming) return Answer::kNotYet;
    if (!decided) ours->second.End();
    launching_.erase(ours);
    if (decided && *decided) {
      const SpecFileState file = LookAtSpecFile(start.debt->spec_file);
      return file.started ? LookAtStarted(start, file.process, why) : Answer::kRuns;
    }
    why = decided ? decided->error().message
                  : fmt::format("it did not start within {} s", kBecoming.count() / 1000);
    return Answer::kFailed;
  }

  // Somebody else began it.
  Answer LookAtOthers(Start& start, std::string& why) {
    const SpecFileState file = LookAtSpecFile(start.debt->spec_file);
    if (file.gone) return Answer::kRuns;
    if (file.started) return LookAtStarted(start, file.process, why);
    if (file.busy) return Answer::kNotYet;
    why = file.failure;
    if (why.empty()) why = "it ended before it was started";
    return Answer::kFailed;
  }

  Answer LookAtStarted(Start& start, const ProcessId& process, std::string& why) {
    if (!start.active_at) start.active_at = Clock::now();
    started_.insert(process);
    switch (LookAtProgram(proc_, *start.debt, process, started_)) {
      case ProgramState::kRuns:
        return Clock::now() >= *start.active_at + kSettled ? Answer::kRuns : Answer::kNotYet;
      case ProgramState::kInBackground:
      case ProgramState::kEndedSince:
        return Answer::kRuns;
      case ProgramState::kEndedAtOnce:
        break;
    }
    why = "it ended at once";
    // PID 1 may be about to run rm-relaunch again, which would find it to be done once more.
    if (start.manager) (void)start.manager->QueueStop(start.unit);
    RewriteSpecFile(start.debt->spec_file, *start.debt->process);
    return Answer::kFailed;
  }

  // Before any is looked at: who is back has no file any more.
  void NoteStarted() {
    for (const Start& start : starts_)
      if (start.debt->process && !start.active_at)
        started_.insert(LookAtSpecFile(start.debt->spec_file).process);
  }

  // To the service manager it runs as soon as it was forked. That is not the program yet:
  // rm-relaunch or, for as long as any other program takes at most, the service manager's own
  // child, which puts itself in parentheses until it executes the service.
  bool StillBecoming(Start& start, pid_t main) const {
    if (start.debt->process) {
      const auto facts = ReadProcess(proc_, main);
      return facts && *facts && (*facts)->executable.ends_with(kRelaunchProgram);
    }
    if (!start.forked_at) start.forked_at = Clock::now();
    UniqueFd directory;
    ProcessStat stat;
    return OpenProcess(proc_, main, directory) == 0 && ReadStat(directory.get(), stat) == 0 &&
           stat.name.starts_with('(') && stat.name.ends_with(')') &&
           Clock::now() < *start.forked_at + kBecoming;
  }

  TimePoint NextLook(TimePoint deadline) const {
    TimePoint next = deadline;
    for (const Start& start : starts_) {
      if (start.active_at) next = std::min(next, *start.active_at + kSettled);
      // An exec is no event of the service manager's.
      const bool becoming = start.forked_at && !start.active_at;
      if (start.debt->process || becoming) next = std::min(next, Clock::now() + Milliseconds(50));
    }
    return next;
  }

  std::vector<pollfd> Reports() const {
    std::vector<pollfd> reports;
    for (const Start& start : starts_)
      if (const auto ours = launching_.find(start.debt->spec_file);
          !start.manager && ours != launching_.end())
        reports.push_back({ours->second.fd(), POLLIN, 0});
    return reports;
  }

  std::vector<Manager*> Involved() const {
    std::vector<Manager*> involved;
    for (const Start& start : starts_)
      if (start.manager &&
          std::find(involved.begin(), involved.end(), start.manager) == involved.end())
        involved.push_back(start.manager);
    return involved;
  }

  const ProcTree& proc_;
  ServiceManagers& managers_;
  std::map<std::string, Launching>& launching_;
  const DecidedSink& decided_;
  std::vector<Start> starts_;
  std::set<ProcessId> started_;
};

}  // namespace

std::string WhyNotLoaded(const std::string& unit, const std::string& load_state) {
  if (load_state == "not-found") return "its unit is gone: it was removed or renamed meanwhile";
  if (load_state == "masked") return "its unit is masked now";
  return fmt::format("its service manager cannot use its unit ({}); see systemctl status {}",
                     load_state, unit);
}

Result<bool> AwaitStarts(const ProcTree& proc, ServiceManagers& managers,
                         std::map<std::string, Launching>& launching, std::vector<Debt>& debts,
                         TimePoint deadline, const std::stop_token& cancel,
                         const DecidedSink& decided) {
  StartWatch watch(proc, managers, launching, decided);
  for (Debt& debt : debts)
    if (debt.state == DebtState::kOwed) watch.Add(debt);
  return watch.Await(deadline, cancel);
}

}  // namespace rm
