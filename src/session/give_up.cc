#include "session/give_up.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <set>
#include <utility>

#include "base/win32_codes.h"
#include "session/journaling.h"

namespace rm {
namespace {

std::optional<pid_t> AsPid(const std::string& name) {
  pid_t pid = 0;
  const char* const end = name.data() + name.size();
  const auto read = std::from_chars(name.data(), end, pid);
  if (read.ec != std::errc() || read.ptr != end || pid <= 0) return std::nullopt;
  return pid;
}

// Which debts of a session are meant?
using Chosen = std::set<uint64_t>;

struct Match {
  size_t session;
  const Debt* debt;
};

class Choice {
 public:
  Choice(const std::vector<SessionState>& sessions, Machine& machine)
      : sessions_(sessions), machine_(machine), chosen_(sessions.size()) {}

  Result<void> Add(const std::string& name) {
    const std::vector<Match> owed = Owed(name);
    if (owed.empty())
      return Fail(kFileNotFound,
                  "nothing that is owed is called \"{}\"; see restartctl recover "
                  "--list",
                  name);
    std::vector<Match> dead;
    for (const Match& match : owed)
      if (!machine_.IsAlive(sessions_[match.session].record.owner)) dead.push_back(match);
    if (dead.empty()) {
      const SessionRecord& record = sessions_[owed[0].session].record;
      return Fail(kSessionCredentialConflict,
                  "{} is owed by session {}, whose installer (pid {}) lives and decides", name,
                  record.name, record.owner.pid);
    }
    for (const Match& match : dead) chosen_[match.session].insert(match.debt->id);
    return Unmistakable(name, dead);
  }

  const Chosen& of(size_t session) const { return chosen_[session]; }

 private:
  std::vector<Match> Owed(const std::string& name) const {
    std::vector<Match> found;
    const std::optional<pid_t> pid = AsPid(name);
    const std::optional<UnitRef> unit = pid ? std::nullopt : Unit(name);
    for (size_t i = 0; i < sessions_.size(); ++i) {
      for (const Debt& debt : sessions_[i].debts) {
        if (!IsOwed(debt)) continue;
        const bool is_meant =
            sessions_[i].record.name == name || (debt.unit ? debt.unit == unit
                                                 : pid     ? debt.process->was.pid == *pid
                                                           : debt.app_name == name);
        if (is_meant) found.push_back({i, &debt});
      }
    }
    return found;
  }

  // By any of its names.
  std::optional<UnitRef> Unit(const std::string& name) const {
    auto unit = ParseUnitRef(name);
    if (!unit) return unit;
    if (const auto facts = machine_.DescribeUnit(*unit); facts && !facts->ref.name.empty())
      return facts->ref;
    return unit;
  }

  Result<void> Unmistakable(const std::string& name, const std::vector<Match>& matches) const {
    const bool is_session = std::ranges::any_of(
        matches, [&](const Match& match) { return sessions_[match.session].record.name == name; });
    if (is_session || AsPid(name)) return {};
    std::set<UnitRef> units;
    std::string programs;
    size_t count = 0;
    for (const auto& [session, debt] : matches) {
      if (debt->unit) units.insert(*debt->unit);
      if (debt->unit) continue;
      programs += fmt::format("{}{}", count++ == 0 ? "" : ", ", debt->process->was.pid);
    }
    if (units.size() + count <= 1) return {};
    return Fail(
        kBadArguments,
        "several that are owed are called {}: name a program by the pid that it had ({}), a "
        "service by its whole name, or a session",
        name, programs);
  }

  const std::vector<SessionState>& sessions_;
  Machine& machine_;
  std::vector<Chosen> chosen_;
};

std::string OwedBy(const SessionRecord& record) {
  if (record.owner == ProcessId{})
    return fmt::format("owed by session {}, which ended with an earlier boot", record.name);
  return fmt::format("owed by session {}, whose installer (pid {}) is dead", record.name,
                     record.owner.pid);
}

Event GivenUp(const Debt& debt, std::string text) {
  Event event{EventKind::kGivenUp, 0, {}, debt.app_name, debt.unit, std::move(text)};
  if (debt.process) event.process = debt.process->was;
  if (event.name.empty() && debt.unit) event.name = debt.unit->name;
  return event;
}

// What its service manager, rm-relaunch or a guard would still have done for it.
Result<void> TakeOut(const Debt& debt, Machine& machine) {
  auto taken = machine.CancelStart(debt);
  // A user's service manager may be gone, or not answer: it is that user's own.
  if (taken || (debt.unit && debt.unit->user)) return {};
  return Fail(taken.error().code == kOutOfMemory ? kOutOfMemory : kWriteFault,
              "{} is still owed, because its start cannot be taken out of the queue: {}",
              debt.unit ? ToString(*debt.unit) : debt.app_name, taken.error().message);
}

bool Meant(const App& app, const Debt& debt) {
  return debt.unit ? app.unit == debt.unit : !app.is_service() && app.main == debt.process->was;
}

class Giving {
 public:
  Giving(Machine& machine, SessionStore& store, const std::string& store_directory,
         const GiveUpRequest& request, const EventSink& events, const JournalSink& journal)
      : machine_(machine),
        store_(store),
        store_directory_(store_directory),
        request_(request),
        events_(events),
        journal_(journal) {}

  void TellOnly(const SessionState& state, const Chosen& chosen) const {
    if (!events_) return;
    for (const Debt& debt : state.debts)
      if (chosen.contains(debt.id)) events_(GivenUp(debt, OwedBy(state.record)));
  }

  Result<void> Do(const SessionRecord& record, const Chosen& chosen, TimePoint deadline) {
    const auto paying = machine_.BeginPaying(store_directory_, record.name, deadline);
    if (!paying) return tl::unexpected(paying.error());
    auto state = store_.Load(record.id);
    // Somebody has paid it, or it was ended, while we waited.
    if (!state && state.error().code == kInvalidHandle) return {};
    if (!state) return Pass(std::move(state));
    std::vector<Debt> given_up;
    for (Debt& debt : state->debts) {
      if (!chosen.contains(debt.id) || !IsOwed(debt)) continue;
      if (auto taken = TakeOut(debt, machine_); !taken) return taken;
      debt.state = DebtState::kCancelled;
      given_up.push_back(debt);
    }
    if (given_up.empty()) return {};
    if (auto written = store_.UpdateDebts(record.id, given_up); !written) return written;
    return Note(*state, given_up);
  }

 private:
  Result<void> Note(SessionState& state, const std::vector<Debt>& given_up) {
    const std::string why = fmt::format("given up by {}", request_.by);
    Journaling journaling(journal_, state.record, Begin::kHeard, 0);
    const EventSink tell = journaling.Listening(state.seen, Paths(state.registered), events_);
    for (const Debt& debt : given_up) {
      for (App& app : state.seen) {
        if (!Meant(app, debt)) continue;
        app.status |= kStatusErrorOnRestart;
        app.outcome = Outcome::kFailed;
        app.why_not_back = why;
      }
      if (tell) tell(GivenUp(debt, why + "; it was " + OwedBy(state.record)));
    }
    if (std::ranges::any_of(state.debts, IsOwed))
      return store_.SaveSeen(state.record.id, state.seen);
    (void)machine_.Release(state.record.name, state.debts);
    machine_.CleanUp(store_directory_, state.record.name);
    auto ended = store_.End(state.record.id);
    if (ended) journaling.Ends();
    return ended;
  }

  Machine& machine_;
  SessionStore& store_;
  const std::string& store_directory_;
  const GiveUpRequest& request_;
  const EventSink& events_;
  const JournalSink& journal_;
};

}  // namespace

Result<void> GiveUp(const std::shared_ptr<Machine>& machine,
                    const std::shared_ptr<SessionStore>& store, const std::string& store_directory,
                    const GiveUpRequest& request, const EventSink& events, const Limits& limits,
                    const JournalSink& journal) {
  const TimePoint deadline = machine->Now() + limits.restart;
  if (request.names.empty()) return Fail(kBadArguments, "nothing is named that is to be given up");
  // What is damaged is none of what is named, and is told by who pays.
  (void)store->AdoptEarlier();
  const auto sessions = store->All();
  if (!sessions) return tl::unexpected(sessions.error());
  Choice choice(*sessions, *machine);
  for (const std::string& name : request.names)
    if (auto added = choice.Add(name); !added) return added;
  Giving giving(*machine, *store, store_directory, request, events, journal);
  for (size_t i = 0; i < sessions->size(); ++i) {
    const SessionState& state = (*sessions)[i];
    if (choice.of(i).empty()) continue;
    if (request.dry_run)
      giving.TellOnly(state, choice.of(i));
    else if (auto given = giving.Do(state.record, choice.of(i), deadline); !given)
      return given;
  }
  return {};
}

}  // namespace rm
