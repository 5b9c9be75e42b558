#include "execute/stop.h"

#include <algorithm>
#include <map>
#include <set>

#include "base/win32_codes.h"
#include "execute/ask_first.h"
#include "execute/progress.h"
#include "execute/write_ahead.h"

namespace rm {
namespace {

// Also when there is no memory to go on: the machine begins the next time with nobody.
struct Forgetting {
  Machine& machine;
  ~Forgetting() { machine.Forget(); }
};

class StopRun {
 public:
  StopRun(StopPlan& plan, const StopContext& context, Machine& machine, SessionStore& store)
      : plan_(plan),
        context_(context),
        machine_(machine),
        ahead_(plan, context, machine, store),
        progress_(CountApps(plan), context.percent) {}

  Result<void> Run() {
    progress_.Begin();
    if (context_.cancel.stop_requested()) return Cancelled();
    auto held = ahead_.BeginHold();
    if (!held) return Pass(std::move(held));
    if (*held) Tell(EventKind::kHold, nullptr, "");
    for (const StopWave& wave : plan_.waves) {
      const Forgetting forgetting{machine_};
      if (auto stopped = RunWave(wave); !stopped) return stopped;
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

  // Nobody is told to leave as long as one that is asked first is against it.
  Result<void> RunWave(const StopWave& wave) {
    if (auto owed = ahead_.Owe(wave); !owed) return owed;
    const TimePoint begin = machine_.Now();
    const FirstAnswers said =
        AskFirst(plan_, wave, context_.limits.query, context_.force, machine_, context_.cancel);
    for (size_t number : said.gone) Leaves(number);
    const bool cancelled = context_.cancel.stop_requested();
    if (cancelled || (!said.against.empty() && !context_.force)) {
      for (size_t number : said.queried) machine_.CallOff(number);
      ahead_.TakeBack(said.gone);
      if (cancelled) return Cancelled();
      for (const auto& [number, why] : said.against) Fails(number, why);
      return Failed();
    }
    const bool services = plan_.apps[wave.apps.front()].type == AppType::kService;
    auto ended =
        EndWave(wave, said, begin, services ? context_.limits.service : context_.limits.app);
    ahead_.NoteRunsAgain(wave);
    return ended;
  }

  Result<void> EndWave(const StopWave& wave, const FirstAnswers& said, TimePoint begin,
                       Milliseconds limit) {
    std::set<size_t> waiting;
    for (size_t number : wave.apps) {
      if (said.gone.contains(number)) continue;
      if (context_.cancel.stop_requested()) return Cancelled();
      Ask(number, waiting);
    }
    OweNothingAlong();
    const TimePoint deadline = machine_.Now() + limit;
    std::set<size_t> killed;
    if (!said.against.empty()) {
      // contract.md 20, 22: who is overruled has its time since it was asked.
      if (auto waited = Await(waiting, begin + limit); !waited) return waited;
      for (const auto& [number, why] : said.against) Kill(number, why, waiting, killed);
    }
    if (auto waited = Await(waiting, deadline); !waited) return waited;
    if (!waiting.empty() && context_.force) {
      const std::set<size_t> stubborn = waiting;
      for (size_t number : stubborn) Kill(number, "it did not leave in time", waiting, killed);
      if (auto waited = Await(waiting, machine_.Now() + context_.limits.kill); !waited)
        return waited;
    }
    for (size_t number : waiting)
      Fails(number, context_.force ? "it is still there after it was killed" : WhyItStayed(number));
    return Failed();
  }

  void Ask(size_t number, std::set<size_t>& waiting) {
    const App& app = plan_.apps[number];
    Tell(EventKind::kStopping, &app, "");
    // With another one, or asked before: owed its start as well.
    const bool by_us = (app.unit && by_us_.contains(*app.unit)) || ahead_.OwedBefore(app);
    auto told = machine_.Ask(number, app, ahead_.WaitsForTheHold(app), by_us);
    if (!told) return Fails(number, told.error().message);
    if (*told == Told::kToLeave) {
      if (app.unit) by_us_.insert(*app.unit);
      by_us_.insert(app.goes_along.begin(), app.goes_along.end());
    } else if (!by_us) {
      by_others_.insert(number);
      ahead_.OweNothing(app);
    }
    if (*told == Told::kGone)
      Leaves(number);
    else
      waiting.insert(number);
  }

  // Whoever stops a service stops those that go along with it. What is asked itself tells more.
  void OweNothingAlong() {
    for (size_t number : by_others_) {
      for (const UnitRef& unit : plan_.apps[number].goes_along) {
        const bool asked =
            std::ranges::any_of(plan_.apps, [&](const App& app) { return app.unit == unit; });
        if (!asked && !by_us_.contains(unit)) ahead_.OweNothing(unit);
      }
    }
  }

  // Nobody twice.
  void Kill(size_t number, const std::string& why, std::set<size_t>& waiting,
            std::set<size_t>& killed) {
    if (!waiting.contains(number) || !killed.insert(number).second) return;
    Tell(EventKind::kKilling, &plan_.apps[number], why);
    const auto ended = machine_.Kill(number);
    if (ended) return;
    waiting.erase(number);
    Fails(number, ended.error().message);
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
        if (departure.asks_a_person) {
          Asks(departure.app, departure.trouble);
          continue;
        }
        if (waiting.erase(departure.app) == 0) continue;
        if (departure.gone)
          Leaves(departure.app);
        else
          Fails(departure.app, departure.trouble);
      }
    }
    return {};
  }

  Result<void> Failed() const {
    if (failed_.empty()) return {};
    return Fail(kFailShutdown, "{} could not be stopped: {}", failed_, first_trouble_);
  }

  void Leaves(size_t number) {
    App& app = plan_.apps[number];
    const bool by_others = by_others_.contains(number);
    const uint32_t how = by_others ? kStatusStoppedOther : kStatusStopped;
    app.status = (app.status & ~uint32_t{kStatusRunning | kStatusErrorOnStop}) | how;
    progress_.Done();
    Tell(EventKind::kStopped, &app, "");
  }

  void Asks(size_t number, const std::string& question) {
    questions_[number] = question;
    Tell(EventKind::kWaitingForUser, &plan_.apps[number], question);
  }

  std::string WhyItStayed(size_t number) const {
    if (by_others_.contains(number)) return "it was stopping already, and is still at it";
    const auto asked = questions_.find(number);
    if (asked == questions_.end()) return "it did not leave in time";
    return "its user did not answer its question in time: " + asked->second;
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
  WriteAhead ahead_;
  Progress progress_;
  std::map<size_t, std::string> questions_;  // what apps asked their users
  std::set<UnitRef> by_us_;                  // told to leave, and what goes down with them
  std::set<size_t> by_others_;               // leave, or are gone, without our doing
  std::string failed_;
  std::string first_trouble_;
};

}  // namespace

Result<void> Stop(StopPlan& plan, const StopContext& context, Machine& machine,
                  SessionStore& store) {
  return StopRun(plan, context, machine, store).Run();
}

}  // namespace rm
