// What would the code do if the machine behaved like this? A machine with a clock of its own, whose
// apps leave, refuse and come back as they were told, and that writes down every act in order.
//
// An app goes by its unit ("nginx.service", "user:1000/x.service") or, if it has none, by its name.
// Nobody waits: AwaitDepartures and AwaitStarted set the clock forward.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <map>
#include <set>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "base/win32_codes.h"
#include "machine/machine.h"

namespace rm {

class FakeMachine : public Machine {
 public:
  // --- the story: who is not told anything leaves at once and comes back at once -----------------
  void Leaves(const std::string& who, Milliseconds after) { manners_[who].leaves = after; }
  void Ignores(const std::string& who) { manners_[who].leaves = kNever; }
  void Refuses(const std::string& who, std::string why, Milliseconds after = {}) {
    manners_[who].refusal = std::move(why);
    manners_[who].leaves = after;
  }
  // Shows its user a question, and leaves or not as it was told else.
  void AsksItsUser(const std::string& who, std::string question) {
    manners_[who].question = std::move(question);
  }
  // Asked first (App::answers): who is not told anything agrees at once.
  void Agrees(const std::string& who, Milliseconds after) { manners_[who].answers = after; }
  void Declines(const std::string& who, std::string why, Milliseconds after = {}) {
    manners_[who].answer = AnswerKind::kRefuses;
    manners_[who].declines_because = std::move(why);
    manners_[who].answers = after;
  }
  void IsSilent(const std::string& who) { manners_[who].answers = kNever; }
  void LeavesWhenQueried(const std::string& who, Milliseconds after = {}) {
    manners_[who].answer = AnswerKind::kGone;
    manners_[who].answers = after;
  }
  void DoesNotAnswerAnyMore(const std::string& who) { manners_[who].does_not_answer = true; }
  void IsGoneAlready(const std::string& who) { manners_[who].gone_already = true; }
  // A service that somebody else stops.
  void IsLeaving(const std::string& who, Milliseconds after) {
    manners_[who].leaving = true;
    manners_[who].leaves = after;
  }
  void CannotBeAsked(const std::string& who) { manners_[who].cannot_be_asked = true; }
  void SurvivesKill(const std::string& who) { manners_[who].survives_kill = true; }
  void CannotBeKilled(const std::string& who) { manners_[who].cannot_be_killed = true; }
  void ComesBack(const std::string& who, Milliseconds after) { manners_[who].returns = after; }
  void FailsToStart(const std::string& who, std::string why, Milliseconds after = {}) {
    manners_[who].start_failure = std::move(why);
    manners_[who].returns = after;
  }
  void StartsFine(const std::string& who) { manners_[who].start_failure.clear(); }
  void CannotBeStarted(const std::string& who) { manners_[who].cannot_be_started = true; }
  void CannotBeQueued(const std::string& who) { manners_[who].cannot_be_queued = true; }
  void HoldFails() { hold_fails_ = true; }
  void ObserveFails() { observe_fails_ = true; }
  // Somebody else's doing, without a word.
  void Dies(const ProcessId& process) { Remove(process); }
  // Somebody else does something when the clock shows this much since the beginning.
  void At(Milliseconds when, std::function<void()> then) {
    events_.emplace(kBeginning + when, std::move(then));
  }

  // Set before the calls that need them.
  Observation observation;  // without the apps that left
  MappedScan mapped;
  Caller caller;
  std::map<std::string, FileResource> files;       // a path that is not in it does not exist
  std::function<void(const std::string&)> on_act;  // called with every act before it is done
  std::map<std::string, std::string> links;        // path -> where it leads
  std::function<void()> on_observe;
  bool has_systemd = true;
  std::set<std::string> paid_by_another;    // sessions that BeginPaying does not get
  std::vector<std::string> cleaned_up;      // sessions
  std::set<std::string> late_returns;       // whose late departure is waited for
  std::map<std::string, std::string> runs;  // unit -> its run
  std::set<std::string> ended_since;        // units of HasEndedSince

  // --- what happened
  // -------------------------------------------------------------------------------
  const std::vector<std::string>& acts() const { return acts_; }
  size_t Count(const std::string& act) const {
    return static_cast<size_t>(std::ranges::count(acts_, act));
  }
  // Asked in on_observe: is it to look no further?
  bool IsCancelled() const { return observing_.stop_requested(); }
  bool Did(const std::string& act) const { return Count(act) != 0; }
  void ForgetActs() { acts_.clear(); }
  Milliseconds elapsed() const {
    return std::chrono::duration_cast<Milliseconds>(now_ - kBeginning);
  }

  // --- Machine
  // -------------------------------------------------------------------------------------
  TimePoint Now() override { return now_; }

  Result<Caller> Self(const ProcessId&) override { return caller; }

  Result<std::vector<FileResource>> IdentifyFiles(const std::vector<std::string>& paths) override {
    std::vector<FileResource> identified;
    for (const std::string& path : paths) {
      const auto known = files.find(path);
      identified.push_back(known != files.end() ? known->second
                                                : FileResource{path, {}, std::nullopt});
    }
    return identified;
  }

  std::string WithoutLinks(const std::string& path) override {
    const auto known = links.find(path);
    return known != links.end() ? known->second : path;
  }

  Result<TreeFound> IdentifyTree(const std::string& path, bool other_file_systems,
                                 std::stop_token) override {
    TreeFound found{IdentifyFiles({path})->front(), {}};
    if (!found.file.tree) found.file.tree.emplace();
    found.file.tree->other_file_systems = other_file_systems;
    return found;
  }

  Result<std::optional<ProcessId>> IdentifyProcess(pid_t pid) override {
    for (const auto& [id, process] : observation.processes)
      if (id.pid == pid) return std::optional<ProcessId>(id);
    return std::optional<ProcessId>();
  }

  Result<UnitFacts> DescribeUnit(const UnitRef& unit) override {
    if (const UnitFacts* found = FindUnit(unit)) return *found;
    UnitFacts unknown;
    unknown.ref = unit;
    unknown.load_state = has_systemd ? "not-found" : "no-systemd";
    return unknown;
  }

  Result<Observation> Observe(const Registration&, const ObserveOptions& options,
                              std::stop_token cancel) override {
    observing_ = cancel;
    if (observe_fails_) return Fail(kWriteFault, "no /proc");
    if (on_observe) on_observe();
    Observation seen = observation;
    if (!options.capture) seen.captured.clear();
    return seen;
  }

  bool IsAlive(const ProcessId& process) override { return !dead_.contains(process); }

  std::string RunOf(const UnitRef& unit) override {
    const auto known = runs.find(ToString(unit));
    return known != runs.end() ? known->second : "";
  }

  bool HasEndedSince(const Debt& debt) override {
    return debt.unit && ended_since.contains(ToString(*debt.unit));
  }

  Result<MappedScan> ScanMapped(std::stop_token) override { return mapped; }

  Result<void> Hold(const HoldRequest& request) override {
    std::string act = "hold";
    for (const UnitRef& unit : request.held) act += " " + ToString(unit);
    Act(act);
    if (hold_fails_) return Fail(kWriteFault, "the guard does not start");
    return {};
  }

  Result<void> QueueRelaunch(const HoldRequest& request, Debt& debt) override {
    Act((request.guarded ? "queue " : "keep ") + debt.app_name);
    if (manners_[debt.app_name].cannot_be_queued)
      return Fail(kWriteFault, "the queue takes nothing");
    debt.spec_file = fmt::format("{}/relaunch-{}", request.store_directory, debt.id);
    if (has_systemd && request.guarded)
      debt.relaunch_unit = fmt::format("relaunch-{}.service", debt.id);
    return {};
  }

  Result<bool> Query(size_t number, const App& app) override {
    const std::string who = NameOf(app);
    Act("query " + who);
    const Manners& manners = manners_[who];
    if (manners.does_not_answer || manners.gone_already) return false;
    queried_[number] =
        Queried{app, manners.answers == kNever ? kEndOfTime : now_ + manners.answers};
    return true;
  }

  Result<std::vector<Answer>> AwaitAnswers(TimePoint deadline, std::stop_token cancel) override {
    Act("listen");
    TimePoint next = deadline;
    for (const auto& [number, queried] : queried_)
      if (!queried.answered) next = std::min(next, queried.at);
    if (!GoTo(next, cancel)) return std::vector<Answer>();
    std::vector<Answer> answers;
    for (auto& [number, queried] : queried_) {
      if (queried.answered || queried.at > now_) continue;
      queried.answered = true;
      const Manners& manners = manners_[NameOf(queried.app)];
      if (manners.answer == AnswerKind::kGone) Remove(queried.app);
      answers.push_back(Answer{number, manners.answer, manners.declines_because});
    }
    return answers;
  }

  void CallOff(size_t number) override {
    Act("call off " + NameOf(queried_.at(number).app));
    queried_.erase(number);
  }

  Result<Told> Ask(size_t number, const App& app, bool comes_back, bool by_us) override {
    const std::string who = NameOf(app);
    const std::string verb = queried_.erase(number) != 0 ? "end" : "ask";
    const Manners& manners = manners_[who];
    const bool leaving = manners.leaving && !by_us;
    Act(leaving ? "let leave " + who : verb + (comes_back ? " to return " : " ") + who);
    if (manners.cannot_be_asked) return Fail(kAccessDenied, "{} cannot be reached", who);
    if (manners.gone_already) {
      Remove(app);
      return Told::kGone;
    }
    pending_[number] = Pending{app, manners.leaves == kNever ? kEndOfTime : now_ + manners.leaves,
                               manners.refusal};
    return leaving ? Told::kLeaving : Told::kToLeave;
  }

  Result<void> Kill(size_t number) override {
    Pending& pending = pending_.at(number);
    const std::string who = NameOf(pending.app);
    Act("kill " + who);
    if (manners_[who].cannot_be_killed) return Fail(kAccessDenied, "{} cannot be killed", who);
    if (!manners_[who].survives_kill) pending.at = now_;
    return {};
  }

  Result<std::vector<Departure>> AwaitDepartures(TimePoint deadline,
                                                 std::stop_token cancel) override {
    Act("wait");
    TimePoint next = deadline;
    std::vector<Departure> departures;
    for (const auto& [number, pending] : pending_) {
      next = std::min(next, pending.at);
      std::string question = std::exchange(manners_[NameOf(pending.app)].question, "");
      if (!question.empty()) departures.push_back({number, false, std::move(question), true});
    }
    if (!departures.empty()) return departures;
    if (!GoTo(next, cancel)) return std::vector<Departure>();
    for (auto at = pending_.begin(); at != pending_.end();) {
      const Pending& pending = at->second;
      if (pending.at > now_) {
        ++at;
        continue;
      }
      const bool gone = pending.refusal.empty();
      if (gone) Remove(pending.app);
      departures.push_back(Departure{at->first, gone, pending.refusal});
      at = pending_.erase(at);
    }
    return departures;
  }

  void Forget() override {
    Act("forget");
    queried_.clear();
    pending_.clear();
  }

  Result<std::shared_ptr<void>> BeginPaying(const std::string&, const std::string& session,
                                            TimePoint) override {
    if (paid_by_another.contains(session) || !paying_->insert(session).second)
      return Fail(kSemTimeout, "somebody else pays");
    return std::shared_ptr<void>(this,
                                 [paying = paying_, session](void*) { paying->erase(session); });
  }

  void CleanUp(const std::string&, const std::string& session) override {
    cleaned_up.push_back(session);
  }

  Result<void> Release(const std::string&, const std::vector<Debt>&) override {
    Act("release");
    return {};
  }

  Result<void> CancelStart(const Debt& debt) override {
    Act("cancel start " + NameOf(debt));
    return {};
  }

  bool CallOffLateReturn(const std::string&, const Debt& debt) override {
    if (late_returns.erase(NameOf(debt)) == 0) return false;
    Act("call off return of " + NameOf(debt));
    return true;
  }

  Result<void> Start(Debt& debt) override {
    const std::string who = NameOf(debt);
    Act("start " + who);
    if (manners_[who].cannot_be_started) return Fail(kFailRestart, "{} cannot be started", who);
    if (debt.process && debt.relaunch_unit.empty()) debt.state = DebtState::kPaid;
    return {};
  }

  Result<bool> AwaitStarted(
      std::vector<Debt>& debts, TimePoint deadline, std::stop_token cancel,
      const std::function<void(const Debt&, const std::string& why)>& decided) override {
    std::multimap<TimePoint, Debt*> starts;
    for (Debt& debt : debts) {
      const Milliseconds after = manners_[NameOf(debt)].returns;
      starts.emplace(after == kNever ? kEndOfTime : now_ + after, &debt);
    }
    for (const auto& [when, debt] : starts) {
      if (!GoTo(std::min(when, deadline), cancel) || when > deadline) return false;
      const std::string& why = manners_[NameOf(*debt)].start_failure;
      debt->state = why.empty() ? DebtState::kPaid : DebtState::kFailed;
      if (debt->unit && !why.empty()) debt->stopped_run = RunOf(*debt->unit);
      if (UnitFacts* unit = debt->unit && why.empty() ? FindUnit(*debt->unit) : nullptr)
        unit->active_state = "active";
      decided(*debt, why);
    }
    return true;
  }

  static constexpr Milliseconds kNever = Milliseconds::max();

 private:
  static constexpr TimePoint kBeginning{std::chrono::hours(1)};
  static constexpr TimePoint kEndOfTime = TimePoint::max();

  struct Manners {
    Milliseconds leaves{};
    Milliseconds returns{};
    std::string refusal;
    std::string question;
    std::string start_failure;
    AnswerKind answer = AnswerKind::kAgrees;
    Milliseconds answers{};
    std::string declines_because;
    bool does_not_answer = false;
    bool gone_already = false;
    bool leaving = false;
    bool cannot_be_asked = false;
    bool survives_kill = false;
    bool cannot_be_killed = false;
    bool cannot_be_started = false;
    bool cannot_be_queued = false;
  };

  struct Queried {
    App app;
    TimePoint at;
    bool answered = false;
  };

  struct Pending {
    App app;
    TimePoint at;
    std::string refusal;
  };

  static std::string NameOf(const App& app) { return app.unit ? ToString(*app.unit) : app.name; }
  static std::string NameOf(const Debt& debt) {
    return debt.unit ? ToString(*debt.unit) : debt.app_name;
  }

  void Act(const std::string& act) {
    if (on_act) on_act(act);
    acts_.push_back(act);
  }

  // False: cancelled on the way, at the time of the event that did it.
  bool GoTo(TimePoint when, const std::stop_token& cancel) {
    while (!events_.empty() && events_.begin()->first <= when && !cancel.stop_requested()) {
      auto event = events_.extract(events_.begin());
      now_ = std::max(now_, event.key());
      event.mapped()();
    }
    if (cancel.stop_requested()) return false;
    now_ = std::max(now_, when);
    return true;
  }

  UnitFacts* FindUnit(const UnitRef& ref) {
    for (UnitFacts& unit : observation.units)
      if (unit.ref == ref || (unit.ref.user == ref.user &&
                              std::ranges::find(unit.names, ref.name) != unit.names.end()))
        return &unit;
    return nullptr;
  }

  void Remove(const ProcessId& process) {
    dead_.insert(process);
    observation.processes.erase(process);
    std::erase_if(observation.holdings, [&](const Holding& h) { return h.process == process; });
  }

  void Remove(const App& app) {
    for (const ProcessId& process : app.processes) Remove(process);
    Remove(app.main);
    if (UnitFacts* unit = app.unit ? FindUnit(*app.unit) : nullptr) {
      unit->active_state = "inactive";
      unit->main_pid = 0;
    }
  }

  TimePoint now_ = kBeginning;
  std::map<std::string, Manners> manners_;
  std::multimap<TimePoint, std::function<void()>> events_;
  std::map<size_t, Queried> queried_;
  std::map<size_t, Pending> pending_;
  std::set<ProcessId> dead_;
  std::stop_token observing_;
  std::vector<std::string> acts_;
  std::shared_ptr<std::set<std::string>> paying_ = std::make_shared<std::set<std::string>>();
  bool hold_fails_ = false;
  bool observe_fails_ = false;
};

}  // namespace rm
