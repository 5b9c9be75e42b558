#include "machine/starts.h"

#include <fmt/core.h>
#include <unistd.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "apps/launch.h"
#include "machine/started_program.h"
#include "machine/wait.h"
#include "procfs/process.h"

namespace rm {
namespace {

constexpr const char* kRelaunchProgram = "rm-relaunch";

struct Start {
  Debt* debt;
  Manager* manager;  // none: the program was started without one
  std::string unit;
  std::string type;                    // the service's Type=
  std::optional<TimePoint> active_at;  // running since we looked
};

enum class Answer { kNotYet, kRuns, kFailed };

bool SaysWhenReady(const std::string& type) {
  return type == "notify" || type == "notify-reload" || type == "dbus" || type == "forking" ||
         type == "oneshot";
}

class StartWatch {
 public:
  StartWatch(const ProcTree& proc, ServiceManagers& managers, const DecidedSink& decided)
      : proc_(proc), managers_(managers), decided_(decided) {}

  void Add(Debt& debt) {
    auto manager = debt.unit ? managers_.Of(debt.unit->user) : Result<Manager*>(managers_.Home());
    if (debt.process && (!*manager || debt.relaunch_unit.empty())) {
      starts_.push_back({&debt, nullptr, "", "", std::nullopt});
      return;
    }
    if (!manager || !*manager)
      return Decide(debt, DebtState::kFailed, "its service manager cannot be reached");
    const std::string name = debt.unit ? debt.unit->name : debt.relaunch_unit;
    if (auto watched = (*manager)->Watch(name); !watched)
      return Decide(debt, DebtState::kFailed, watched.error().message);
    Start start{&debt, *manager, name, "exec", std::nullopt};
    if (debt.unit)
      if (auto facts = (*manager)->Describe(name)) start.type = facts->type;
    starts_.push_back(std::move(start));
  }

  // True when everything is decided.
  Result<bool> Await(TimePoint deadline, const std::stop_token& cancel) {
    while (true) {
      NoteStarted();
      std::erase_if(starts_, [this](Start& start) { return IsDecided(start); });
      if (starts_.empty()) return true;
      if (cancel.stop_requested() || Clock::now() >= deadline) return false;
      std::vector<pollfd> none;
      if (auto waited = WaitForEvents(none, Involved(), NextLook(deadline), cancel); !waited)
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
    Decide(*start.debt, answer == Answer::kRuns ? DebtState::kPaid : DebtState::kFailed, why);
    if (start.manager) start.manager->Unwatch(start.unit);
    return true;
  }

  Answer Look(Start& start, std::string& why) {
    if (!start.manager) return LookAtProcess(start, why);
    UnitState state = start.manager->State(start.unit);
    if (start.debt->process && state.active_state == "failed") return LookAtProcess(start, why);
    // The end of a job and the new state of its unit are two signals, in no certain order: before
    // it counts as down it is asked.
    if (state.stopped() && state.job == 0)
      if (auto now = start.manager->Query(start.unit)) state = std::move(*now);
    if (state.active_state == "active") {
      if (start.debt->process && StillBecoming(state.main_pid)) return Answer::kNotYet;
      if (!start.active_at) start.active_at = Clock::now();
      if (SaysWhenReady(start.type) || state.main_pid == 0) return Answer::kRuns;
      return Clock::now() >= *start.active_at + kSettled ? Answer::kRuns : Answer::kNotYet;
    }
    if (start.debt->process && state.job == 0) return LookAtProcess(start, why);
    // A job that was under way when it was stopped runs again; nobody waits for its end.
    if (start.type == "oneshot" && state.active_state == "activating" && state.main_pid != 0)
      return Answer::kRuns;
    if (state.active_state == "failed" && state.job == 0) {
      why = fmt::format("it failed to start (result: {}); see journalctl -u {}", state.result,
                        start.unit);
      return Answer::kFailed;
    }
    if (state.active_state == "inactive" && state.job == 0) {
      if (start.type == "oneshot") return Answer::kRuns;  // a job that is done
      why = fmt::format(
          "it is not running: it ended at once, a condition of its unit is not met, or somebody "
          "stopped it; see journalctl -u {}",
          start.unit);
      return Answer::kFailed;
    }
    start.active_at.reset();
    return Answer::kNotYet;
  }

  // Without its unit: that is over, since the program has put itself into the background, was never
  // started, or has failed; or there was none.
  Answer LookAtProcess(Start& start, std::string& why) {
    const SpecFileState file = LookAtSpecFile(start.debt->spec_file);
    if (!file.started) {
      why = file.failure.empty() ? "its unit ended before it was started" : file.failure;
      return Answer::kFailed;
    }
    if (!start.active_at) start.active_at = Clock::now();
    started_.insert(file.process);
    switch (LookAtProgram(proc_, *start.debt, file.process, started_)) {
      case ProgramState::kRuns:
        return Clock::now() >= *start.active_at + kSettled ? Answer::kRuns : Answer::kNotYet;
      case ProgramState::kInBackground:
      case ProgramState::kEndedSince:
        return Answer::kRuns;
      case ProgramState::kEndedAtOnce:
        break;
    }
    why = "it ended at once";
    RewriteSpecFile(start.debt->spec_file, *start.debt->process);
    return Answer::kFailed;
  }

  // Before any is looked at: who is back has no file any more.
  void NoteStarted() {
    for (const Start& start : starts_)
      if (start.debt->process && !start.active_at)
        started_.insert(LookAtSpecFile(start.debt->spec_file).process);
  }

  // rm-relaunch has not become the program yet.
  bool StillBecoming(pid_t main) const {
    auto facts = ReadProcess(proc_, main);
    return facts && *facts && (*facts)->executable.ends_with(kRelaunchProgram);
  }

  TimePoint NextLook(TimePoint deadline) const {
    TimePoint next = deadline;
    for (const Start& start : starts_) {
      if (start.active_at) next = std::min(next, *start.active_at + kSettled);
      // An exec is no event of the service manager's.
      if (start.debt->process) next = std::min(next, Clock::now() + Milliseconds(50));
    }
    return next;
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
  const DecidedSink& decided_;
  std::vector<Start> starts_;
  std::set<ProcessId> started_;
};

}  // namespace

Result<bool> AwaitStarts(const ProcTree& proc, ServiceManagers& managers, std::vector<Debt>& debts,
                         TimePoint deadline, const std::stop_token& cancel,
                         const DecidedSink& decided) {
  StartWatch watch(proc, managers, decided);
  for (Debt& debt : debts)
    if (debt.state == DebtState::kOwed) watch.Add(debt);
  return watch.Await(deadline, cancel);
}

}  // namespace rm
