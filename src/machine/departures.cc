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

bool HasEnded(const UniqueFd& process) {
  pollfd ended{process.get(), POLLIN, 0};
  return poll(&ended, 1, 0) > 0;
}

}  // namespace

bool Departures::HasTerminal(const ProcessId& process) const {
  auto facts = ReadProcess(proc_, process.pid);
  return facts && *facts && (*facts)->id == process && (*facts)->has_terminal;
}

Result<bool> Departures::Ask(size_t number, const App& app, bool comes_back) {
  Asked asked;
  asked.app = app;
  for (const ProcessId& process : app.processes) {
    auto opened = OpenProcess(process);
    if (opened)
      asked.processes.push_back(std::move(*opened));
    else if (opened.error().code != kProcessGone)
      return Pass(std::move(opened));
  }
  if (app.is_service()) {
    auto manager = managers_.Of(app.unit->user);
    if (!manager) return Pass(std::move(manager));
    const std::string& unit = app.unit->name;
    if (auto watched = (*manager)->Watch(unit); !watched) return Pass(std::move(watched));
    if ((*manager)->State(unit).stopped() && asked.processes.empty()) return false;
    auto queued = comes_back ? (*manager)->QueueRestart(unit) : (*manager)->QueueStop(unit);
    if (!queued) return Pass(std::move(queued));
  } else {
    if (asked.processes.empty()) return false;
    const bool terminal = HasTerminal(app.main);
    for (const UniqueFd& process : asked.processes)
      if (auto told = AskToLeave(process.get(), terminal); !told) return Pass(std::move(told));
  }
  pending_.insert_or_assign(number, std::move(asked));
  return true;
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
  for (const UniqueFd& process : asked.processes)
    if (auto ended = End(process.get()); !ended) return ended;
  return {};
}

bool Departures::UnitStopped(const Asked& asked) {
  if (!asked.app.is_service()) return true;
  auto manager = managers_.Of(asked.app.unit->user);
  return manager && (*manager)->State(asked.app.unit->name).stopped();
}

bool Departures::IsGone(Asked& asked) {
  std::erase_if(asked.processes, HasEnded);
  if (!UnitStopped(asked)) return false;
  if (asked.processes.empty()) return true;
  // Left over by KillMode=process or none: nobody else is going to tell them.
  if (asked.app.is_service() && !std::exchange(asked.leftovers_asked, true))
    for (const UniqueFd& process : asked.processes) (void)AskToLeave(process.get(), false);
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
  std::vector<Departure> gone;
  while (true) {
    for (auto at = pending_.begin(); at != pending_.end();) {
      if (!IsGone(at->second)) {
        ++at;
        continue;
      }
      gone.push_back(Departure{at->first, true, ""});
      at = pending_.erase(at);
    }
    if (!gone.empty() || pending_.empty() || cancel.stop_requested() || Clock::now() >= deadline)
      return gone;
    std::vector<pollfd> ends;
    for (const auto& [number, asked] : pending_)
      for (const UniqueFd& process : asked.processes) ends.push_back({process.get(), POLLIN, 0});
    if (auto waited = WaitForEvents(ends, ManagersInvolved(), deadline, cancel); !waited)
      return Pass(std::move(waited));
  }
}

void Departures::Forget() { pending_.clear(); }

}  // namespace rm
