#include "session/masked.h"

#include <algorithm>
#include <optional>

#include "base/win32_codes.h"
#include "inspect/apps.h"

namespace rm {
namespace {

// The app that is brought back by it: as it was seen, or what the debt itself says.
App OwedApp(const Debt& debt, const std::vector<App>& seen) {
  for (const App& app : seen)
    if (debt.unit ? app.unit == debt.unit : !app.is_service() && app.main == debt.process->was)
      return app;
  App app;
  app.unit = debt.unit;
  if (debt.process) app.main = debt.process->was;
  return app;
}

bool IsMasked(const Debt& debt, const SessionState& state) {
  std::vector<App> owed{OwedApp(debt, state.seen)};
  ApplyFilters(state.filters, owed);
  return owed[0].status & kStatusRestartMasked;
}

// A unit that cannot be queued is still owed: whoever starts it tells why it cannot be.
Result<void> QueueAgain(Debt& debt, const HoldRequest& hold, Machine& machine) {
  if (debt.process) return machine.QueueRelaunch(hold, debt);
  (void)machine.Start(debt);
  return {};
}

}  // namespace

void ResolveTargets(std::vector<Filter>& filters, Machine& machine) {
  for (Filter& filter : filters) {
    if (auto* executable = std::get_if<Filter::Executable>(&filter.target))
      executable->path = machine.WithoutLinks(executable->path);
    auto* service = std::get_if<Filter::Service>(&filter.target);
    const auto named = service ? ParseUnitRef(service->name) : std::nullopt;
    if (!named) continue;
    if (auto unit = machine.DescribeUnit(*named)) service->name = ToString(unit->ref);
  }
}

Result<void> FollowFilters(SessionState& state, const HoldRequest& hold, Machine& machine,
                           SessionStore& store) {
  ResolveTargets(state.filters, machine);
  std::vector<Debt> changed;
  for (Debt& debt : state.debts) {
    const bool owed = debt.state == DebtState::kOwed;
    if ((!owed && debt.state != DebtState::kSuppressed) || owed != IsMasked(debt, state)) continue;
    auto queue = owed ? machine.CancelStart(debt) : QueueAgain(debt, hold, machine);
    if (!queue)
      return Fail(
          queue.error().code == kOutOfMemory ? kOutOfMemory : kWriteFault, "{} the queue: {}",
          owed ? "a start cannot be taken out of" : "there is no way into", queue.error().message);
    debt.state = owed ? DebtState::kSuppressed : DebtState::kOwed;
    changed.push_back(debt);
  }
  if (changed.empty()) return {};
  // Those that cannot run without who is masked have left the queue with it. They are still owed,
  // and bring it along.
  if (std::ranges::any_of(changed, [](const Debt& debt) { return debt.unit.has_value(); }))
    for (Debt& debt : state.debts)
      if (debt.unit && debt.state == DebtState::kOwed) (void)machine.Start(debt);
  return store.UpdateDebts(state.record.id, changed);
}

Result<void> OweNothingToMasked(SessionState& state, Machine& machine, SessionStore& store) {
  ResolveTargets(state.filters, machine);
  ApplyFilters(state.filters, state.seen);
  std::vector<Debt> cancelled;
  for (Debt& debt : state.debts) {
    if (IsOwed(debt) && IsMasked(debt, state)) {
      if (auto taken = machine.CancelStart(debt); !taken) return taken;
    } else if (debt.state != DebtState::kSuppressed) {
      continue;
    }
    debt.state = DebtState::kCancelled;
    cancelled.push_back(debt);
  }
  if (cancelled.empty()) return {};
  return store.UpdateDebts(state.record.id, cancelled);
}

}  // namespace rm
