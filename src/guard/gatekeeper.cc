#include "guard/gatekeeper.h"

#include <unistd.h>

#include <algorithm>

namespace rm {

bool Gatekeeper::IsOurGate(const std::string& unit) const {
  return unit.starts_with(fmt::format("rm-gate-{}-", session_));
}

void Gatekeeper::WakeAt(TimePoint time) { deadline_ = std::min(deadline_.value_or(time), time); }

// Did anybody ask for anything?
bool Gatekeeper::TakeEvents() {
  bool asked = false;
  for (const JobEvent& event : manager_.TakeJobEvents()) {
    if (event.kind == JobEvent::kRemoved) {
      states_.erase(event.job);
      requested_.erase(event.job);
      continue;
    }
    asked = true;
    std::string& state = states_[event.job];
    if (event.kind == JobEvent::kChanged && state == "waiting" && event.state == "waiting") {
      requested_.insert(event.job);
    }
    state = event.state;
  }
  return asked;
}

Result<void> Gatekeeper::Look(TimePoint now) {
  if (!TakeEvents() && (!deadline_ || now < *deadline_)) return {};
  deadline_.reset();
  Result<std::vector<Descendant>> tree = Descendants(proc_, owner_);
  if (!tree) return Pass(std::move(tree));
  const Result<std::vector<Asked>> asked = Requests(*tree);
  if (!asked) return tl::unexpected(asked.error());
  if (asked->empty() && requested_.empty() && unexplained_.empty()) return {};
  Result<std::vector<Job>> jobs = manager_.Jobs();
  if (!jobs) return Pass(std::move(jobs));
  Result<void> served = Serve(*asked, *jobs, now);
  if (!served) return served;
  return Suspect(*tree, *jobs, now);
}

// Nobody else's memory is read. Who once did not answer is not asked again: no systemctl explains
// what it waits for.
Result<std::vector<Gatekeeper::Asked>> Gatekeeper::Requests(const std::vector<Descendant>& tree) {
  std::vector<ProcessId> clients;
  for (const Descendant& process : tree)
    if (process.uid == geteuid() && process.name == kSystemctl && !silent_.contains(process.id))
      clients.push_back(process.id);
  auto lines = CommandLines(proc_, clients);
  if (!lines) return Pass(std::move(lines));
  std::vector<Asked> asked;
  for (size_t i = 0; i < clients.size(); ++i) {
    const auto& argv = (*lines)[i];
    if (!argv) silent_.insert(clients[i]);
    std::optional<StartRequest> request = argv ? ParseStartRequest(*argv) : std::nullopt;
    if (request && request->user_manager == manager_.user().has_value()) {
      asked.push_back({clients[i], std::move(*request)});
    }
  }
  return asked;
}

Result<void> Gatekeeper::Serve(const std::vector<Asked>& asked, const std::vector<Job>& jobs,
                               TimePoint now) {
  std::map<ProcessId, TimePoint> since;
  for (const auto& [process, request] : asked) {
    Result<bool> understood = LetThrough(request, jobs);
    if (!understood) return Pass(std::move(understood));
    if (*understood) continue;
    const auto before = since_.find(process);
    const TimePoint first = before == since_.end() ? now : before->second;
    since[process] = first;
    if (now < first + patience_) {
      WakeAt(first + patience_);
    } else if (Result<void> opened = OpenAll(jobs); !opened) {
      return opened;
    }
  }
  since_ = std::move(since);
  return {};
}

// Opens what stands before the units that are asked for. False: none of them has a job.
Result<bool> Gatekeeper::LetThrough(const StartRequest& request, const std::vector<Job>& jobs) {
  bool understood = false;
  for (const Job& job : jobs) {
    if (IsOurGate(job.unit)) continue;
    Result<std::vector<std::string>> names = manager_.Names(job.unit);
    if (!names) return Pass(std::move(names));
    if (!Names(request, *names)) continue;
    understood = true;
    requested_.erase(job.number);
    Result<void> opened = OpenBefore(job.unit);
    if (!opened) return Pass(std::move(opened));
  }
  return understood;
}

Result<void> Gatekeeper::Suspect(const std::vector<Descendant>& tree, const std::vector<Job>& jobs,
                                 TimePoint now) {
  std::map<ProcessId, std::string> clients;
  if (!requested_.empty() || !unexplained_.empty()) clients = SocketClients(proc_, tree);
  std::map<uint32_t, Unexplained> unexplained;
  for (const Job& job : jobs) {
    const auto before = unexplained_.find(job.number);
    if (before == unexplained_.end() && !requested_.contains(job.number)) continue;
    Unexplained found =
        before == unexplained_.end() ? Unexplained{now, clients} : std::move(before->second);
    if (now >= found.since + patience_) {
      const bool waits = std::any_of(clients.begin(), clients.end(), [&](const auto& client) {
        const auto then = found.clients.find(client.first);
        return then != found.clients.end() && then->second == client.second;
      });
      if (waits) {
        Result<void> opened = OpenBefore(job.unit);
        if (!opened) return opened;
        continue;
      }
      found = {now, clients};
    }
    WakeAt(found.since + patience_);
    unexplained[job.number] = std::move(found);
  }
  unexplained_ = std::move(unexplained);
  requested_.clear();
  return {};
}

Result<void> Gatekeeper::OpenBefore(const std::string& unit) {
  Result<std::vector<std::string>> before = manager_.WaitsFor(unit);
  if (!before) return Pass(std::move(before));
  for (const std::string& gate : *before) {
    if (!IsOurGate(gate)) continue;
    Result<void> opened = manager_.CancelQueuedStart(gate);
    if (!opened) return opened;
  }
  return {};
}

Result<void> Gatekeeper::OpenAll(const std::vector<Job>& jobs) {
  for (const Job& job : jobs) {
    if (!IsOurGate(job.unit)) continue;
    Result<void> opened = manager_.CancelQueuedStart(job.unit);
    if (!opened) return opened;
  }
  return {};
}

}  // namespace rm
