#include "execute/write_ahead.h"

#include <algorithm>
#include <iterator>

#include "base/win32_codes.h"

namespace rm {
namespace {

bool Belongs(const Debt& debt, const App& app) {
  if (debt.process) return !app.is_service() && debt.process->was == app.main;
  return debt.unit == app.unit || std::find(app.goes_along.begin(), app.goes_along.end(),
                                            *debt.unit) != app.goes_along.end();
}

bool IsOwn(const Debt& debt, const App& app) {
  return app.is_service() ? debt.unit == app.unit : debt.process && debt.process->was == app.main;
}

}  // namespace

Result<bool> WriteAhead::BeginHold() {
  if (plan_.debts.empty() && plan_.held.empty()) return false;
  if (auto written = WriteDown(); !written) return Pass(std::move(written));
  request_ = HoldRequest{context_.session.name, context_.session.owner, plan_.held,
                         context_.store_directory, context_.guard};
  if (!context_.guard) return false;
  if (auto held = machine_.Hold(request_); !held) {
    for (Debt& debt : plan_.debts)
      if (debt.state == DebtState::kPlanned) debt.state = DebtState::kCancelled;
    (void)store_.UpdateDebts(context_.session.id, plan_.debts);
    return Fail(kFailShutdown,
                "nothing was stopped, because the hold that owes the restart could "
                "not be set up: {}",
                held.error().message);
  }
  return true;
}

// What is owed since an earlier try is written down already.
Result<void> WriteAhead::WriteDown() {
  std::vector<Debt> added;
  for (const Debt& debt : plan_.debts)
    if (debt.id == 0) added.push_back(debt);
  if (added.empty()) return {};
  if (auto written = store_.AddDebts(context_.session.id, added); !written) return written;
  auto next = added.begin();
  for (Debt& debt : plan_.debts)
    if (debt.id == 0) debt = *next++;
  return {};
}

std::vector<Debt> WriteAhead::OwedNow() const {
  std::vector<Debt> debts;
  for (const Owed& owed : owed_) debts.push_back(*owed.debt);
  return debts;
}

Result<void> WriteAhead::Owe(const StopWave& wave) {
  owed_.clear();
  std::vector<Debt> changed = NoteRuns(wave, false);
  auto written = Queue(wave);
  std::ranges::move(OwedNow(), std::back_inserter(changed));
  if (written && !changed.empty()) written = store_.UpdateDebts(context_.session.id, changed);
  // Nobody of this wave is going to be asked: what was queued must not start beside them.
  if (!written) NotOwed();
  return written;
}

// Gives back those that are owed since an earlier try, of another run: it has run again since.
std::vector<Debt> WriteAhead::NoteRuns(const StopWave& wave, bool only_known) {
  std::vector<Debt> changed;
  for (Debt& debt : plan_.debts) {
    if (!debt.unit || (debt.state != DebtState::kPlanned && debt.state != DebtState::kOwed) ||
        std::ranges::none_of(wave.apps, [&](size_t app) { return Belongs(debt, plan_.apps[app]); }))
      continue;
    std::string run = machine_.RunOf(*debt.unit);
    if (run == debt.stopped_run || (only_known && run.empty())) continue;
    debt.stopped_run = std::move(run);
    if (debt.state == DebtState::kOwed) changed.push_back(debt);
  }
  return changed;
}

void WriteAhead::NoteRunsAgain(const StopWave& wave) {
  const std::vector<Debt> changed = NoteRuns(wave, true);
  // Should this fail, RmRestart starts them all the same.
  if (!changed.empty()) (void)store_.UpdateDebts(context_.session.id, changed);
}

Result<void> WriteAhead::Queue(const StopWave& wave) {
  for (size_t app : wave.apps) {
    for (Debt& debt : plan_.debts) {
      if (debt.state != DebtState::kPlanned || !Belongs(debt, plan_.apps[app])) continue;
      if (debt.process) {
        if (machine_.CallOffLateReturn(context_.store_directory, debt))
          plan_.asked_before.insert(debt.process->was);
        if (auto queued = machine_.QueueRelaunch(request_, debt); !queued)
          return Fail(kFailShutdown,
                      "{} was not stopped, because its restart could not be queued: {}",
                      debt.app_name, queued.error().message);
      }
      debt.state = DebtState::kOwed;
      owed_.push_back({app, &debt});
    }
  }
  return {};
}

void WriteAhead::NotOwed() {
  for (const Owed& owed : owed_) {
    if (owed.debt->process) (void)machine_.CancelStart(*owed.debt);
    owed.debt->state = DebtState::kPlanned;
  }
}

void WriteAhead::TakeBack(const std::set<size_t>& left) {
  std::erase_if(owed_, [&](const Owed& owed) { return left.contains(owed.app); });
  NotOwed();
  // Should this fail, RmRestart finds that they never left.
  if (!owed_.empty()) (void)store_.UpdateDebts(context_.session.id, OwedNow());
  owed_.clear();
}

void WriteAhead::OweNothing(const App& app) {
  CancelAll([&](const Debt& debt) { return IsOwn(debt, app); });
}

void WriteAhead::OweNothing(const UnitRef& unit) {
  CancelAll([&](const Debt& debt) { return debt.unit == unit; });
}

template <class Meant>
void WriteAhead::CancelAll(Meant meant) {
  std::vector<Debt> cancelled;
  for (Debt& debt : plan_.debts) {
    if (!meant(debt)) continue;
    if (debt.process) (void)machine_.CancelStart(debt);
    debt.state = DebtState::kCancelled;
    cancelled.push_back(debt);
  }
  // Should this fail, it is started after all: better than something that stays down.
  if (!cancelled.empty()) (void)store_.UpdateDebts(context_.session.id, cancelled);
}

bool WriteAhead::OwedBefore(const App& app) const {
  return std::ranges::any_of(plan_.debts, [&](const Debt& debt) {
    const auto is_this = [&](const Owed& owed) { return owed.debt == &debt; };
    return debt.state == DebtState::kOwed && IsOwn(debt, app) &&
           (plan_.asked_before.contains(app.main) || std::ranges::none_of(owed_, is_this));
  });
}

bool WriteAhead::WaitsForTheHold(const App& app) const {
  return context_.guard && std::any_of(plan_.debts.begin(), plan_.debts.end(),
                                       [&](const Debt& debt) { return IsOwn(debt, app); });
}

}  // namespace rm
