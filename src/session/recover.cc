#include "session/recover.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "base/win32_codes.h"
#include "execute/restart.h"
#include "session/journaling.h"
#include "session/masked.h"

namespace rm {
namespace {

// Why what was stopped before the last boot is not for us to start now; "" if it is.
std::string WhyNotAfterABoot(const Debt& debt, Machine& machine) {
  if (debt.process)
    return fmt::format(
        "it was stopped before the machine was booted, and is no service: start {} by hand if user "
        "{} still needs it",
        debt.process->executable, debt.process->uids[0]);
  if (debt.unit->user)
    return "it was stopped before the machine was booted, and is started by its user's next login "
           "if it is enabled";
  const auto facts = machine.DescribeUnit(*debt.unit);
  const bool down = facts && (facts->active_state == "inactive" || facts->active_state == "failed");
  if (down && facts->was_started)
    return "the boot, or somebody since, has started it already, and it has ended again";
  return "";
}

// The boot was no restart of everything: what it is not to bring back is told, once.
void LeaveToOthers(SessionState& state, Machine& machine, const EventSink& events) {
  for (Debt& debt : state.debts) {
    if (debt.state != DebtState::kOwed) continue;
    const std::string why = WhyNotAfterABoot(debt, machine);
    if (why.empty()) continue;
    debt.state = DebtState::kCancelled;
    if (events) events(Event{EventKind::kNotRestarted, 0, {}, debt.app_name, debt.unit, why});
  }
}

// Who has ended since the stop goes on with what its user wants of it: that is none of ours. But
// what went down with a service that is owed a start may have ended because of that one.
std::set<UnitRef> EndedSince(const SessionState& state, Machine& machine) {
  std::set<UnitRef> ended, owed;
  for (const Debt& debt : state.debts)
    if (debt.unit && IsOwed(debt)) (machine.HasEndedSince(debt) ? ended : owed).insert(*debt.unit);
  for (const App& app : state.seen)
    if (app.unit && owed.contains(*app.unit))
      for (const UnitRef& unit : app.goes_along) ended.erase(unit);
  return ended;
}

// It was started since, by its service manager when the installer died, by the boot or by somebody:
// that was the start that it is owed.
void CrossOffEnded(SessionState& state, Machine& machine, const EventSink& events) {
  const std::set<UnitRef> ended = EndedSince(state, machine);
  for (Debt& debt : state.debts) {
    if (!debt.unit || !IsOwed(debt) || !ended.contains(*debt.unit)) continue;
    debt.state = DebtState::kCancelled;
    for (App& app : state.seen)
      if (app.unit == debt.unit)
        app.status =
            (app.status & ~uint32_t{kStatusStopped | kStatusErrorOnRestart}) | kStatusStoppedOther;
    if (events)
      events(Event{EventKind::kNotRestarted,
                   0,
                   {},
                   debt.app_name,
                   debt.unit,
                   "it was started after the update, and has ended or was stopped since: it stays "
                   "down, and is owed no start any more"});
  }
}

Milliseconds Until(TimePoint end, Machine& machine) {
  return std::max(std::chrono::duration_cast<Milliseconds>(end - machine.Now()), Milliseconds(0));
}

// A unit that was removed or masked since will not run, however often it is tried. Only where
// somebody is told: it may be missing for a moment, in the middle of an update.
void GiveUpWhatIsGone(SessionState& state, Machine& machine, const EventSink& events) {
  for (Debt& debt : state.debts) {
    if (!debt.unit || !IsOwed(debt)) continue;
    const auto facts = machine.DescribeUnit(*debt.unit);
    if (!facts || (facts->load_state != "not-found" && facts->load_state != "masked")) continue;
    debt.state = DebtState::kCancelled;
    for (App& app : state.seen)
      if (app.unit == debt.unit) app.status |= kStatusErrorOnRestart;
    const std::string why =
        fmt::format("its unit is {} now; it is owed no longer", facts->load_state);
    events(Event{EventKind::kNotRestarted, 0, {}, debt.app_name, debt.unit, why});
  }
}

// What a session owes whose owner is dead.
Result<void> PayFor(SessionRecord record, Machine& machine, SessionStore& store,
                    const std::string& store_directory, const EventSink& events,
                    const Limits& limits, const JournalSink& journal) {
  const TimePoint end = machine.Now() + limits.restart;
  auto paying = machine.BeginPaying(store_directory, record.name, end);
  if (!paying) return Pass(std::move(paying));
  // Whoever paid until now may have changed it, or ended it.
  auto state = store.Load(record.id);
  if (!state && state.error().code == kInvalidHandle) {
    machine.CleanUp(store_directory, record.name);
    return {};
  }
  if (!state) return Pass(std::move(state));
  StopContext context;
  context.session = std::move(record);
  context.store_directory = store_directory;
  context.limits = limits;
  context.limits.restart = Until(end, machine);
  Journaling journaling(journal, context.session, Begin::kHeard, 0);
  context.events = journaling.Listening(state->seen, Paths(state->registered), events);
  const bool of_this_boot = context.session.owner != ProcessId{};
  if (!of_this_boot) LeaveToOthers(*state, machine, context.events);
  if (auto suppressed = OweNothingToMasked(*state, machine, store); !suppressed) return suppressed;
  CrossOffEnded(*state, machine, context.events);
  if (of_this_boot && events) GiveUpWhatIsGone(*state, machine, context.events);
  auto paid = rm::Restart(state->debts, state->seen, context, machine, store);
  if (!paid) {
    // Whoever tries again is not to say of those who are back that they are not.
    (void)store.SaveSeen(context.session.id, state->seen);
    return paid;
  }
  machine.CleanUp(store_directory, context.session.name);
  auto ended = store.End(context.session.id);
  if (ended) journaling.Ends();
  return ended;
}

}  // namespace

Result<void> Recover(const std::shared_ptr<Machine>& machine,
                     const std::shared_ptr<SessionStore>& store, const std::string& store_directory,
                     const EventSink& events, const Limits& limits, const JournalSink& journal,
                     Milliseconds in_all) {
  const TimePoint end = machine->Now() + in_all;
  std::optional<Error> failed;
  if (auto adopted = store->AdoptEarlier(); !adopted) {
    Journaling(journal, {}, Begin::kHeard, 0).Trouble(adopted.error().message);
    failed = adopted.error();
  }
  auto sessions = store->All();
  if (!sessions) return Pass(std::move(sessions));
  for (SessionState& state : *sessions) {
    if (machine->IsAlive(state.record.owner)) continue;
    Limits left = limits;
    left.restart = std::min(Until(end, *machine), limits.restart);
    auto paid =
        PayFor(std::move(state.record), *machine, *store, store_directory, events, left, journal);
    if (!paid) failed = paid.error();
  }
  if (failed) return Fail(failed->code, "{}", failed->message);
  return {};
}

}  // namespace rm
