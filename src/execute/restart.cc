#include "execute/restart.h"

#include <algorithm>
#include <functional>

#include "base/win32_codes.h"
#include "execute/progress.h"

namespace rm {
namespace {

constexpr uint32_t kMasks = kStatusShutdownMasked | kStatusRestartMasked;

// A service may have been stopped and restarted before in this session: the newest stop counts.
App* AppOf(const Debt& debt, std::vector<App>& apps) {
  App* found = nullptr;
  for (App& app : apps) {
    if (debt.unit ? app.unit != debt.unit : (app.is_service() || app.main != debt.process->was))
      continue;
    if (!found || (found->status & kStatusRestarted)) found = &app;
  }
  return found;
}

// In the order of stopping. What goes along with a service is a service.
int ClassOf(const Debt& debt, std::vector<App>& apps) {
  const App* app = AppOf(debt, apps);
  if (app && app->type == AppType::kExplorer) return 3;
  if (debt.unit) return 2;
  return app && (app->type == AppType::kMainWindow || app->type == AppType::kOtherWindow) ? 0 : 1;
}

std::string NameOf(const Debt& debt) { return debt.unit ? ToString(*debt.unit) : debt.app_name; }

class RestartRun {
 public:
  RestartRun(std::vector<Debt>& debts, std::vector<App>& apps, const StopContext& context,
             Machine& machine, SessionStore& store)
      : debts_(debts),
        apps_(apps),
        context_(context),
        machine_(machine),
        store_(store),
        progress_(std::count_if(debts.begin(), debts.end(), IsOwed), context.percent) {}

  Result<void> Run() {
    progress_.Begin();
    if (context_.cancel.stop_requested()) return Cancelled();
    if (auto paid = Pay(); !paid) return paid;
    TellWhoStaysDown();
    if (!failed_.empty())
      return Fail(kFailRestart, "{} did not come back: {}", failed_, first_trouble_);
    progress_.End();
    return {};
  }

 private:
  static tl::unexpected<Error> Cancelled() {
    return Fail(kCancelled, "restarting was cancelled; RmRestart can be called again");
  }

  Result<void> Pay() {
    DropUnasked();
    if (!debts_.empty()) Tell(EventKind::kRelease, nullptr, "", "");
    NoteRuns();
    std::string release_trouble;
    if (auto released = machine_.Release(context_.session.name, debts_); !released)
      release_trouble = released.error().message;
    std::vector<Debt> owed;
    for (Debt* next : InOrderOfStarting()) {
      Debt& debt = *next;
      if (NeverLeft(debt)) continue;
      debt.state = DebtState::kOwed;
      Tell(EventKind::kRestarting, &debt, NameOf(debt), "");
      if (auto started = machine_.Start(debt); !started) {
        Decide(debt, DebtState::kFailed, started.error().message);
        continue;
      }
      if (debt.state == DebtState::kOwed)
        owed.push_back(debt);
      else
        Decide(debt, debt.state, "");
    }
    auto all = machine_.AwaitStarted(
        owed, machine_.Now() + context_.limits.restart, context_.cancel,
        [&](const Debt& debt, const std::string& why) { Decide(debt, debt.state, why); });
    const bool cancelled = context_.cancel.stop_requested();
    if (!cancelled)
      for (Debt& debt : debts_)
        if (debt.state == DebtState::kOwed)
          Decide(debt, DebtState::kFailed,
                 all ? "it is not running yet, and the time for restarting is over"
                     : all.error().message);
    if (!release_trouble.empty() && first_trouble_.empty()) first_trouble_ = release_trouble;
    if (debts_.empty()) return {};
    if (auto written = store_.UpdateDebts(context_.session.id, debts_); !written)
      return Pass(std::move(written));
    if (cancelled) return Cancelled();
    return {};
  }

  // A start that is refused, or whoever pays killed in the middle of it, leaves the unit as if its
  // run before that had ended well. That one did not pay; one that goes on may still do so.
  void NoteRuns() {
    std::vector<Debt> changed;
    for (Debt& debt : debts_) {
      if (!debt.unit || !IsOwed(debt)) continue;
      std::string run = machine_.RunOf(*debt.unit);
      if (run == debt.stopped_run) continue;
      const auto facts = machine_.DescribeUnit(*debt.unit);
      if (!facts || (facts->active_state != "inactive" && facts->active_state != "failed"))
        continue;
      debt.stopped_run = std::move(run);
      changed.push_back(debt);
    }
    // Should this fail, they are started all the same.
    if (!changed.empty()) (void)store_.UpdateDebts(context_.session.id, changed);
  }

  // contract.md 12: the reverse of the order of stopping; within a class as they were stopped.
  std::vector<Debt*> InOrderOfStarting() {
    std::vector<Debt*> order;
    for (Debt& debt : debts_)
      if (IsOwed(debt)) order.push_back(&debt);
    std::ranges::stable_sort(order, std::greater(),
                             [&](const Debt* debt) { return ClassOf(*debt, apps_); });
    return order;
  }

  // Written down, but its app was never asked to leave: nothing is owed for it.
  void DropUnasked() {
    for (Debt& debt : debts_)
      if (debt.state == DebtState::kPlanned) debt.state = DebtState::kCancelled;
  }

  // It was asked and still runs. Should it leave after all, rm-relaunch, which is started now,
  // waits for that a while and brings it back. False: it has left, maybe right now, before anybody
  // waited for it.
  bool NeverLeft(Debt& debt) {
    if (!debt.process || !machine_.IsAlive(debt.process->was)) return false;
    (void)machine_.Start(debt);
    if (!machine_.IsAlive(debt.process->was)) return false;
    debt.state = DebtState::kCancelled;
    return true;
  }

  void Decide(const Debt& decided, DebtState state, const std::string& why) {
    for (Debt& debt : debts_)
      if (debt.id == decided.id) {
        debt.state = state;
        debt.stopped_run = decided.stopped_run;
      }
    App* app = AppOf(decided, apps_);
    if (state == DebtState::kPaid) {
      progress_.Done();
      // Also who was asked and left only when nobody waited for it any more.
      if (app && ((app->status & kStatusStopped) || !machine_.IsAlive(app->main)))
        app->status = (app->status & kMasks) | kStatusStopped | kStatusRestarted;
      Tell(EventKind::kRestarted, &decided, NameOf(decided), why);
      return;
    }
    if (app) app->status = (app->status & ~uint32_t{kStatusRestarted}) | kStatusErrorOnRestart;
    if (failed_.empty()) first_trouble_ = why;
    failed_ += (failed_.empty() ? "" : ", ") + NameOf(decided);
    Tell(EventKind::kRestartFailed, &decided, NameOf(decided), why);
  }

  void TellWhoStaysDown() {
    for (const App& app : apps_) {
      if (!(app.status & kStatusStopped) ||
          (app.status & (kStatusRestarted | kStatusErrorOnRestart)))
        continue;
      if (!context_.events || app.come_back == ComeBack::kWithParent) continue;
      const bool masked = app.status & kStatusRestartMasked;
      context_.events(Event{EventKind::kNotRestarted, progress_.percent(), app.main, app.name,
                            app.unit, masked ? "a filter says so" : app.why_not_back});
    }
  }

  void Tell(EventKind kind, const Debt* debt, const std::string& name, const std::string& text) {
    if (!context_.events) return;
    Event event{kind, progress_.percent(), {}, name, std::nullopt, text};
    if (debt) {
      event.unit = debt->unit;
      if (const App* app = AppOf(*debt, apps_)) {
        event.process = app->main;
        event.name = app->name;
      }
    }
    context_.events(event);
  }

  std::vector<Debt>& debts_;
  std::vector<App>& apps_;
  const StopContext& context_;
  Machine& machine_;
  SessionStore& store_;
  Progress progress_;
  std::string failed_;
  std::string first_trouble_;
};

}  // namespace

Result<void> Restart(std::vector<Debt>& debts, std::vector<App>& apps, const StopContext& context,
                     Machine& machine, SessionStore& store) {
  return RestartRun(debts, apps, context, machine, store).Run();
}

Result<void> LeaveDown(std::vector<Debt>& debts, const StopContext& context, Machine& machine,
                       SessionStore& store) {
  bool owed = false;
  for (Debt& debt : debts) {
    if (debt.state != DebtState::kOwed) continue;
    owed = true;
    if (auto cancelled = machine.CancelStart(debt); !cancelled) return cancelled;
    debt.state = DebtState::kCancelled;
  }
  if (owed)
    if (auto written = store.UpdateDebts(context.session.id, debts); !written) return written;
  return machine.Release(context.session.name, debts);
}

}  // namespace rm
