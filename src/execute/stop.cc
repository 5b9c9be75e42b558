#include "execute/stop.h"

#include <algorithm>
#include <set>

#include "base/win32_codes.h"
#include "execute/progress.h"

namespace rm {
namespace {

class StopRun {
 public:
  StopRun(StopPlan& plan, const StopContext& context, Machine& machine, SessionStore& store)
      : plan_(plan),
        context_(context),
        machine_(machine),
        store_(store),
        progress_(CountApps(plan), context.percent) {}

  Result<void> Run() {
    progress_.Begin();
    if (context_.cancel.stop_requested()) return Cancelled();
    if (auto held = BeginHold(); !held) return held;
    for (const StopWave& wave : plan_.waves) {
      auto stopped = RunWave(wave);
      machine_.Forget();
      if (!stopped) return stopped;
    }
    progress_.End();
    return {};
  }

 private:
  static size_t CountApps(const StopPlan& plan) {
    size_t count = 0;
    for (const StopWave& wave : plan.waves) count += wave.apps.size();
    return count;
  }

  static tl::unexpected<Error> Cancelled() {
    return Fail(kCancelled,
                "stopping was cancelled; what had been stopped is still owed a restart");
  }

  Result<void> BeginHold() {
    if (plan_.debts.empty() && plan_.held.empty()) return {};
    if (auto written = WriteDown(); !written) return written;
    request_ = HoldRequest{context_.session.name, context_.session.owner, plan_.held,
                           context_.store_directory};
    if (auto held = machine_.Hold(request_); !held) {
      for (Debt& debt : plan_.debts)
        if (debt.state == DebtState::kPlanned) debt.state = DebtState::kCancelled;
      (void)store_.UpdateDebts(context_.session.id, plan_.debts);
      return Fail(kFailShutdown,
                  "nothing was stopped, because the hold that owes the restart could "
                  "not be set up: {}",
                  held.error().message);
    }
    Tell(EventKind::kHold, nullptr, "");
    return {};
  }

  // What is owed since an earlier try is written down already.
  Result<void> WriteDown() {
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

  // The start is queued, and the debt on disk, before the app hears anything.
  Result<void> WriteAhead(const StopWave& wave) {
    std::vector<Debt*> owed;
    auto written = Queue(wave, owed);
    std::vector<Debt> changed;
    for (const Debt* debt : owed) changed.push_back(*debt);
    if (written && !owed.empty()) written = store_.UpdateDebts(context_.session.id, changed);
    if (written) return {};
    // Nobody of this wave is going to be asked: what was queued must not start beside them.
    for (Debt* debt : owed) {
      if (debt->process) (void)machine_.CancelStart(*debt);
      debt->state = DebtState::kPlanned;
    }
    return written;
  }

  Result<void> Queue(const StopWave& wave, std::vector<Debt*>& owed) {
    for (size_t app : wave.apps) {
      for (Debt& debt : plan_.debts) {
        if (debt.state != DebtState::kPlanned || !Belongs(debt, plan_.apps[app])) continue;
        if (debt.process)
          if (auto queued = machine_.QueueRelaunch(request_, debt); !queued)
            return Fail(kFailShutdown,
                        "{} was not stopped, because its restart could not be queued: {}",
                        debt.app_name, queued.error().message);
        debt.state = DebtState::kOwed;
        owed.push_back(&debt);
      }
    }
    return {};
  }

  static bool Belongs(const Debt& debt, const App& app) {
    if (debt.process) return !app.is_service() && debt.process->was == app.main;
    return debt.unit == app.unit || std::find(app.goes_along.begin(), app.goes_along.end(),
                                              *debt.unit) != app.goes_along.end();
  }

  static bool IsOwn(const Debt& debt, const App& app) {
    return app.is_service() ? debt.unit == app.unit : debt.process && debt.process->was == app.main;
  }

  bool ComesBack(const App& app) const {
    return std::any_of(plan_.debts.begin(), plan_.debts.end(),
                       [&](const Debt& debt) { return IsOwn(debt, app); });
  }

  // It ended by itself, or somebody stopped it: then it is not for us to start it.
  void OweNothing(const App& app) {
    std::vector<Debt> cancelled;
    for (Debt& debt : plan_.debts) {
      if (!IsOwn(debt, app)) continue;
      if (debt.process) (void)machine_.CancelStart(debt);
      debt.state = DebtState::kCancelled;
      cancelled.push_back(debt);
    }
    // Should this fail, it is started after all: better than something that stays down.
    if (!cancelled.empty()) (void)store_.UpdateDebts(context_.session.id, cancelled);
  }

  Result<void> RunWave(const StopWave& wave) {
    if (auto written = WriteAhead(wave); !written) return written;
    std::set<size_t> waiting;
    for (size_t number : wave.apps) {
      if (context_.cancel.stop_requested()) return Cancelled();
      const App& app = plan_.apps[number];
      Tell(EventKind::kStopping, &app, "");
      auto asked = machine_.Ask(number, app, ComesBack(app));
      if (!asked) {
        Fails(number, asked.error().message);
      } else if (!*asked) {
        OweNothing(app);
        Leaves(number, kStatusStoppedOther);
      } else {
        waiting.insert(number);
      }
    }
    const bool services = plan_.apps[wave.apps.front()].type == AppType::kService;
    const auto limit = services ? context_.limits.service : context_.limits.app;
    if (auto waited = Await(waiting, machine_.Now() + limit); !waited) return waited;
    if (!waiting.empty() && context_.force) {
      std::erase_if(waiting, [this](size_t number) { return !Kill(number); });
      if (auto waited = Await(waiting, machine_.Now() + context_.limits.kill); !waited)
        return waited;
    }
    for (size_t number : waiting)
      Fails(number,
            context_.force ? "it is still there after it was killed" : "it did not leave in time");
    if (failed_.empty()) return {};
    return Fail(kFailShutdown, "{} could not be stopped: {}", failed_, first_trouble_);
  }

  bool Kill(size_t number) {
    Tell(EventKind::kKilling, &plan_.apps[number], "it did not leave in time");
    auto killed = machine_.Kill(number);
    if (!killed) Fails(number, killed.error().message);
    return killed.has_value();
  }

  // Takes out of `waiting` who is gone, until all are, the deadline, or a cancel.
  Result<void> Await(std::set<size_t>& waiting, TimePoint deadline) {
    while (!waiting.empty()) {
      if (context_.cancel.stop_requested()) return Cancelled();
      auto departures = machine_.AwaitDepartures(deadline, context_.cancel);
      if (!departures)
        return Fail(kFailShutdown, "lost sight of what was asked to stop: {}",
                    departures.error().message);
      if (departures->empty() && !context_.cancel.stop_requested() && machine_.Now() >= deadline)
        return {};
      for (const Departure& departure : *departures) {
        if (waiting.erase(departure.app) == 0) continue;
        if (departure.gone)
          Leaves(departure.app, kStatusStopped);
        else
          Fails(departure.app, departure.trouble);
      }
    }
    return {};
  }

  void Leaves(size_t number, uint32_t how) {
    App& app = plan_.apps[number];
    app.status = (app.status & ~uint32_t{kStatusRunning | kStatusErrorOnStop}) | how;
    progress_.Done();
    Tell(EventKind::kStopped, &app, "");
  }

  void Fails(size_t number, const std::string& trouble) {
    App& app = plan_.apps[number];
    app.status |= kStatusErrorOnStop;
    if (failed_.empty()) first_trouble_ = trouble;
    failed_ += (failed_.empty() ? "" : ", ") + (app.unit ? app.unit->name : app.name);
    Tell(EventKind::kStopFailed, &app, trouble);
  }

  void Tell(EventKind kind, const App* app, const std::string& text) {
    if (!context_.events) return;
    Event event{kind, progress_.percent(), {}, "", std::nullopt, text};
    if (app) {
      event.process = app->main;
      event.name = app->name;
      event.unit = app->unit;
    }
    context_.events(event);
  }

  StopPlan& plan_;
  const StopContext& context_;
  Machine& machine_;
  SessionStore& store_;
  Progress progress_;
  HoldRequest request_;
  std::string failed_;
  std::string first_trouble_;
};

}  // namespace

Result<void> Stop(StopPlan& plan, const StopContext& context, Machine& machine,
                  SessionStore& store) {
  return StopRun(plan, context, machine, store).Run();
}

}  // namespace rm
