#include "machine/departures.h"

#include <poll.h>

#include <algorithm>
#include <csignal>
#include <utility>

#include "apps/ask.h"
#include "machine/wait.h"
#include "procfs/process.h"

namespace rm {
namespace {

// Somebody stops it: a job of ours would take the place of theirs, and start what they want down.
// Or it ends without a job, and is not started by that. A job that restarts it brings it back.
bool IsLeaving(Manager& manager, const std::string& unit, const UnitState& state) {
  if (state.job_type == "stop") return true;
  if (state.active_state != "deactivating" || state.job != 0) return false;
  const auto policy = manager.RestartPolicy(unit);
  return policy && *policy == "no";
}

}  // namespace

bool Departures::HasTerminal(const ProcessId& process) const {
  auto facts = ReadProcess(proc_, process.pid);
  return facts && *facts && (*facts)->id == process && (*facts)->has_terminal;
}

// Whoever was started often lately has reached its StartLimitBurst=: PID 1 would refuse the start
// that it is owed. Who cannot be asked for that is stopped all the same: RmRestart does it again.
void Departures::ForgetStarts(Manager& manager, const App& app) {
  (void)manager.ResetFailed(app.unit->name);
  for (const UnitRef& unit : app.goes_along) (void)manager.ResetFailed(unit.name);
}

Result<Told> Departures::Ask(size_t number, const App& app, bool comes_back, bool by_us) {
  Asked asked;
  asked.app = app;
  auto queried = questions_.Take(number);
  if (queried) {
    asked.processes = std::move(*queried);
  } else {
    auto opened = OpenProcesses(app);
    if (!opened) return Pass(std::move(opened));
    asked.processes = std::move(*opened);
  }
  if (app.is_service()) {
    auto manager = managers_.Of(app.unit->user);
    if (!manager) return Pass(std::move(manager));
    const std::string& unit = app.unit->name;
    if (auto watched = (*manager)->Watch(unit); !watched) return Pass(std::move(watched));
    // Down with another service that we stopped before it: then its start is queued with that
    // one's.
    const UnitState state = (*manager)->State(unit);
    if (state.stopped() && !state.start_queued() && asked.processes.empty()) return Told::kGone;
    if (!by_us && IsLeaving(**manager, unit, state)) {
      pending_.insert_or_assign(number, std::move(asked));
      return Told::kLeaving;
    }
    if (comes_back) ForgetStarts(**manager, app);
    auto queued = comes_back ? (*manager)->QueueRestart(unit) : (*manager)->QueueStop(unit);
    if (!queued) return Pass(std::move(queued));
  } else {
    // Who was queried, and has left since, has left because of us.
    if (asked.processes.empty() && !queried) return Told::kGone;
    asked.terminal = HasTerminal(app.main);
    if (auto told = TellToLeave(asked); !told) return Pass(std::move(told));
  }
  pending_.insert_or_assign(number, std::move(asked));
  return Told::kToLeave;
}

// By the line that it was queried by; by its windows where there is none, or it has broken; by
// signals where there are no windows either.
Result<void> Departures::TellToLeave(Asked& asked) {
  const bool windows =
      asked.app.type == AppType::kMainWindow || asked.app.type == AppType::kOtherWindow;
  bool by_windows = false;
  for (Spoken& spoken : asked.processes) {
    if (spoken.talk) spoken.talk->End();
    if (spoken.talk && spoken.talk->over()) spoken.talk.reset();
    if (!spoken.talk && windows && closings_.Begin(spoken.process)) by_windows = true;
  }
  for (Spoken& spoken : asked.processes) {
    if (spoken.talk) continue;
    spoken.by_windows = by_windows;
    if (by_windows) continue;
    if (auto told = AskToLeave(spoken.pidfd.get(), asked.terminal); !told) return told;
  }
  return {};
}

// Nobody is disturbed by signals as long as one of the app is busy with its windows: a program may
// need its others to save what its user wants to keep.
void Departures::SignalWhoIsLeft(Asked& asked) {
  for (const Spoken& spoken : asked.processes)
    if (spoken.by_windows && closings_.IsAtIt(spoken.process)) return;
  for (Spoken& spoken : asked.processes)
    if (std::exchange(spoken.by_windows, false))
      (void)AskToLeave(spoken.pidfd.get(), asked.terminal);
}

std::optional<Departure> Departures::News(size_t number, Asked& asked) {
  if (IsGone(asked)) return Departure{number, true, ""};
  if (WasStartedAgain(asked))
    return Departure{number, false, "it was started again, because what held it back has ended"};
  for (const Spoken& spoken : asked.processes)
    if (auto question = closings_.TakeQuestion(spoken.process))
      return Departure{number, false, std::move(*question), true};
  return std::nullopt;
}

// "done": what had to be saved is saved, and signals do no harm any more. contract.md 11.3, G3.
void Departures::Listen(Spoken& spoken, bool terminal) {
  if (!spoken.talk) return;
  bool done = false;
  while (const auto saying = spoken.talk->Hear()) done |= saying->word == Word::kDone;
  if (done) (void)AskToLeave(spoken.pidfd.get(), terminal);
  if (done || spoken.talk->over()) spoken.talk.reset();
}

Result<void> Departures::Kill(size_t number) {
  const auto found = pending_.find(number);
  if (found == pending_.end()) return {};
  const Asked& asked = found->second;
  if (asked.app.is_service()) {
    auto manager = managers_.Of(asked.app.unit->user);
    if (!manager) return Pass(std::move(manager));
    if (auto killed = (*manager)->KillUnit(asked.app.unit->name, SIGKILL); !killed) return killed;
  }
  for (const Spoken& spoken : asked.processes)
    if (auto ended = End(spoken.pidfd.get()); !ended) return ended;
  return {};
}

bool Departures::UnitStopped(const Asked& asked) {
  if (!asked.app.is_service()) return true;
  auto manager = managers_.Of(asked.app.unit->user);
  return manager && (*manager)->State(asked.app.unit->name).stopped();
}

// The state that we were told of may be that of before it ended, so it is asked.
bool Departures::WasStartedAgain(const Asked& asked) {
  if (!asked.app.is_service() || !asked.processes.empty()) return false;
  auto manager = managers_.Of(asked.app.unit->user);
  if (!manager) return false;
  const auto runs = [](const UnitState& state) {
    return state.active_state == "active" && state.job == 0;
  };
  const std::string& unit = asked.app.unit->name;
  if (!runs((*manager)->State(unit))) return false;
  const auto now = (*manager)->Query(unit);
  return now && runs(*now);
}

bool Departures::IsGone(Asked& asked) {
  for (Spoken& spoken : asked.processes) Listen(spoken, asked.terminal);
  std::erase_if(asked.processes, [&](const Spoken& spoken) {
    const bool ended = spoken.ended();
    if (ended) closings_.Forget(spoken.process);
    return ended;
  });
  SignalWhoIsLeft(asked);
  if (!UnitStopped(asked)) return false;
  if (asked.processes.empty()) return true;
  // Left over by KillMode=process or none: nobody else is going to tell them.
  if (asked.app.is_service() && !std::exchange(asked.leftovers_asked, true))
    for (const Spoken& spoken : asked.processes) (void)AskToLeave(spoken.pidfd.get(), false);
  return false;
}

std::vector<Manager*> Departures::ManagersInvolved() {
  std::vector<Manager*> involved;
  for (const auto& [number, asked] : pending_) {
    if (!asked.app.is_service()) continue;
    auto manager = managers_.Of(asked.app.unit->user);
    if (manager && std::find(involved.begin(), involved.end(), *manager) == involved.end())
      involved.push_back(*manager);
  }
  return involved;
}

Result<std::vector<Departure>> Departures::Await(TimePoint deadline,
                                                 const std::stop_token& cancel) {
  std::vector<Departure> all;
  while (true) {
    closings_.Listen();
    for (auto at = pending_.begin(); at != pending_.end();) {
      auto news = News(at->first, at->second);
      at = news && !news->asks_a_person ? pending_.erase(at) : std::next(at);
      if (news) all.push_back(std::move(*news));
    }
    if (!all.empty() || pending_.empty() || cancel.stop_requested() || Clock::now() >= deadline)
      return all;
    std::vector<pollfd> ends;
    for (const auto& [number, asked] : pending_) {
      for (const Spoken& spoken : asked.processes) {
        ends.push_back({spoken.pidfd.get(), POLLIN, 0});
        if (spoken.talk) ends.push_back({spoken.talk->fd(), POLLIN, 0});
      }
    }
    closings_.AddEvents(ends);
    const TimePoint until = std::min(deadline, closings_.due().value_or(deadline));
    if (auto waited = WaitForEvents(ends, ManagersInvolved(), until, cancel); !waited)
      return Pass(std::move(waited));
  }
}

void Departures::Forget() {
  closings_.ForgetAll();
  questions_.Forget();
  pending_.clear();
}

}  // namespace rm
