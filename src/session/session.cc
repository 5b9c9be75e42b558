#include "session/session.h"

#include <sys/stat.h>

#include <algorithm>
#include <utility>

#include "base/full_path.h"
#include "base/win32_codes.h"
#include "execute/restart.h"
#include "session/masked.h"
#include "session/status.h"

namespace rm {
namespace {

Onlooker AsOnlooker(const Caller& caller) {
  return Onlooker{caller.self, caller.ancestors, caller.uid, caller.owner};
}

std::vector<UnitRef> KeptServices(const std::vector<Filter>& filters) {
  std::vector<UnitRef> kept;
  for (const Filter& filter : filters) {
    const auto* service = std::get_if<Filter::Service>(&filter.target);
    if (!service || filter.action != FilterAction::kNoShutdown) continue;
    if (auto unit = ParseUnitRef(service->name)) kept.push_back(*unit);
  }
  return kept;
}

bool IsSettled(const Debt& debt) {
  return debt.state == DebtState::kPaid || debt.state == DebtState::kCancelled ||
         debt.state == DebtState::kSuppressed;
}

// Who is owed a start since an earlier try is not owed a second one.
void KeepDebts(const std::vector<Debt>& before, StopPlan& plan) {
  for (Debt& debt : plan.debts) {
    for (const Debt& old : before) {
      if (IsSettled(old)) continue;
      const bool same =
          debt.unit ? old.unit == debt.unit : old.process && old.process->was == debt.process->was;
      if (!same) continue;
      debt = old;
      // It runs now, whoever started it.
      if (old.state == DebtState::kFailed) debt.state = DebtState::kPlanned;
      break;
    }
  }
}

// Somebody still waits for the late departure of a program that stayed, to bring it back. Now it is
// to leave again, and what is to be replaced is not replaced yet.
void CallOffLateReturns(const std::vector<Debt>& before, const std::string& store_directory,
                        StopPlan& plan, Machine& machine) {
  for (const Debt& old : before) {
    if (old.state != DebtState::kCancelled || !old.process) continue;
    const bool again = std::any_of(plan.debts.begin(), plan.debts.end(), [&](const Debt& debt) {
      return debt.process && debt.process->was == old.process->was;
    });
    if (again && machine.CallOffLateReturn(store_directory, old))
      plan.asked_before.insert(old.process->was);
  }
}

}  // namespace

// What runs, and Cancel and End reach, as long as it lives. After that they ask nobody.
class Session::Task {
 public:
  explicit Task(Session& session) : session_(session), cancel_(session.BeginTask()) {}
  ~Task() { session_.EndTask(); }
  Task(const Task&) = delete;
  Task& operator=(const Task&) = delete;

  const std::stop_token& cancel() const { return cancel_; }

 private:
  Session& session_;
  const std::stop_token cancel_;
};

Session::Session(SessionRecord record, Role role, std::shared_ptr<Machine> machine,
                 std::shared_ptr<SessionStore> store, std::string store_directory)
    : record_(std::move(record)),
      role_(role),
      machine_(std::move(machine)),
      store_(std::move(store)),
      store_directory_(std::move(store_directory)) {}

Result<void> Session::RequirePrimary(const char* act) const {
  if (role_ == Role::kPrimary) return {};
  return Fail(kSessionCredentialConflict,
              "only the installer that started the session may {}; this one only joined it", act);
}

Result<void> Session::Register(const std::vector<std::string>& files,
                               const std::vector<ProcessId>& processes,
                               const std::vector<std::string>& services) {
  const std::lock_guard lock(verb_);
  Registration batch;
  for (const std::string& file : files)
    if (!IsFullPath(file))
      return Fail(kBadArguments,
                  "\"{}\" is not an absolute path: register files by their full path", file);
  auto identified = machine_->IdentifyFiles(files);
  if (!identified) return Pass(std::move(identified));
  batch.files = std::move(*identified);
  batch.processes = processes;
  for (const std::string& service : services) {
    auto unit = ParseUnitRef(service);
    if (!unit)
      return Fail(kBadArguments, "\"{}\" is not the name of a service (try \"nginx.service\")",
                  service);
    batch.services.push_back(std::move(*unit));
  }
  if (files.empty() && processes.empty() && services.empty()) return {};
  return Store(batch);
}

Result<TreeFound> Session::RegisterTree(const std::string& path, bool other_file_systems) {
  const std::lock_guard lock(verb_);
  if (!path.starts_with('/'))
    return Fail(kBadArguments,
                "\"{}\" is not an absolute path: register directories by their full path", path);
  const Task task(*this);
  auto tree = machine_->IdentifyTree(path, other_file_systems, task.cancel());
  if (!tree) return Pass(std::move(tree));
  Registration batch;
  batch.files.push_back(tree->file);
  if (auto stored = Store(batch); !stored) return Pass(std::move(stored));
  return tree;
}

// verb_ is for the threads of this process; another one may have the session open, too.
Result<std::shared_ptr<void>> Session::AwaitTurn() {
  return machine_->BeginPaying(store_directory_, record_.name,
                               machine_->Now() + options_.limits.restart);
}

Result<void> Session::Store(const Registration& batch) {
  auto registered = store_->Register(record_.id, batch);
  if (registered) journal_.Registered(batch);
  return registered;
}

Result<Session::Look> Session::LookAround(bool capture, std::stop_token cancel) {
  auto state = store_->Load(record_.id);
  if (!state) return Pass(std::move(state));
  Look look;
  look.state = std::move(*state);
  ResolveTargets(look.state.filters, *machine_);
  ObserveOptions observe;
  observe.capture = capture;
  observe.backend = options_.backend;
  auto seen = machine_->Observe(look.state.registered, observe, cancel);
  if (!seen) return Pass(std::move(seen));
  if (cancel.stop_requested()) return Fail(kCancelled, "looking for users was cancelled");
  look.seen = std::move(*seen);
  // Whoever is stopped now would be lost.
  if (options_.relaunch && !look.seen.not_captured.empty()) {
    const Error& why = look.seen.not_captured.begin()->second;
    return Fail(why.code, "{}", why.message);
  }
  auto caller = machine_->Self(record_.owner);
  if (!caller) return Pass(std::move(caller));
  look.apps = AffectedApps(look.state.registered, look.seen, AsOnlooker(*caller),
                           options_.relaunch && capture);
  look.apps = MergeSeen(std::move(look.apps), look.state.seen,
                        [this](const ProcessId& process) { return machine_->IsAlive(process); });
  ApplyFilters(look.state.filters, look.apps);
  const auto& before = look.state.seen;
  if (std::ranges::any_of(before, [](const App& app) { return app.outcome != Outcome::kNone; }))
    JudgeOutcomes(look.apps, before);
  return look;
}

Result<AppList> Session::List(bool capture) {
  const std::lock_guard lock(verb_);
  if (auto primary = RequirePrimary("list who is affected"); !primary)
    return Pass(std::move(primary));
  const Task task(*this);
  auto look = LookAround(capture, task.cancel());
  if (!look) return Pass(std::move(look));
  if (!look->apps.empty() || !look->state.seen.empty())
    if (auto saved = store_->SaveSeen(record_.id, look->apps); !saved)
      return Pass(std::move(saved));
  AppList list;
  list.apps = std::move(look->apps);
  list.reasons = RebootReasons(list.apps);
  if (list.reasons != 0) journal_.RebootNeeded(list.apps, list.reasons);
  list.unreadable = std::move(look->seen.unreadable);
  list.in_flight = std::move(look->seen.in_flight);
  list.unanswered = std::move(look->seen.unanswered);
  for (const uint32_t file : look->seen.unreachable)
    list.unreachable.push_back(look->state.registered.files[file].path);
  list.files = Paths(look->state.registered);
  for (const FileResource& file : look->state.registered.files)
    if (!file.tree && file.at_registration && S_ISDIR(file.at_registration->mode))
      list.directory_registered = true;
  return list;
}

Result<HolderList> Session::Holders() {
  const std::lock_guard lock(verb_);
  if (auto primary = RequirePrimary("list who holds what"); !primary)
    return Pass(std::move(primary));
  const Task task(*this);
  auto look = LookAround(false, task.cancel());
  if (!look) return Pass(std::move(look));
  const Observation& seen = look->seen;
  HolderList list;
  for (const Holding& holding : seen.holdings) {
    const auto process = seen.processes.find(holding.process);
    if (process == seen.processes.end()) continue;  // it has ended since
    HolderList::Holder holder{holding, process->second.name, process->second.executable, {}};
    if (const auto owner = seen.owners.find(holding.process); owner != seen.owners.end())
      holder.unit = owner->second.unit;
    list.holders.push_back(std::move(holder));
  }
  for (const KernelUse& use : seen.kernel_uses)
    list.holders.push_back({use.holding, fmt::format("kernel ({})", use.user), "", {}});
  list.files = Paths(look->state.registered);
  list.unreadable = look->seen.unreadable;
  return list;
}

Result<StopPlan> Session::PlanFrom(Look& look, StopOptions options) const {
  ComeBackSources sources;
  sources.captured = std::move(look.seen.captured);
  sources.registered = std::move(look.seen.registered_for_restart);
  sources.kept = KeptServices(look.state.filters);
  for (const UnitRef& service : look.state.registered.services) {
    const auto unit =
        std::find_if(look.seen.units.begin(), look.seen.units.end(), [&](const auto& u) {
          return u.ref.user == service.user &&
                 std::find(u.names.begin(), u.names.end(), service.name) != u.names.end();
        });
    if (unit != look.seen.units.end() && unit->load_state == "loaded")
      sources.services.push_back(unit->ref);
  }
  return PlanStop(std::move(look.apps), sources, options);
}

Result<StopPlan> Session::Plan(StopOptions options) {
  const std::lock_guard lock(verb_);
  if (auto primary = RequirePrimary("plan a shutdown"); !primary) return Pass(std::move(primary));
  const Task task(*this);
  auto look = LookAround(true, task.cancel());
  if (!look) return Pass(std::move(look));
  return PlanFrom(*look, options);
}

Result<void> Session::Shutdown(StopOptions options, const std::function<void(unsigned)>& percent) {
  const std::lock_guard lock(verb_);
  if (auto primary = RequirePrimary("stop applications"); !primary) return primary;
  const Task task(*this);
  const std::stop_token& cancel = task.cancel();
  // RmRestart is in sequence from now on, whatever comes of this (contract.md 11.2).
  if (auto noted = store_->SetShutdownAttempted(record_.id); !noted) return noted;
  const auto turn = AwaitTurn();
  if (!turn) return tl::unexpected(turn.error());
  auto look = LookAround(true, cancel);
  if (!look) return Pass(std::move(look));
  auto plan = PlanFrom(*look, options);
  if (!plan) return Pass(std::move(plan));
  if (plan->refusal != 0) {
    if (plan->reasons != 0) journal_.RebootNeeded(plan->apps, plan->reasons);
    if (auto saved = store_->SaveSeen(record_.id, plan->apps); !saved) return saved;
    return Fail(plan->refusal, "nothing was stopped: {}", plan->why_refused);
  }
  KeepDebts(look->state.debts, *plan);
  CallOffLateReturns(look->state.debts, store_directory_, *plan, *machine_);
  StopContext context = Context(cancel);
  context.force = options.force;
  context.percent = percent;
  context.events = journal_.Listening(plan->apps, Paths(look->state.registered), events_);
  journal_.WillNotComeBack(*plan);
  auto stopped = Noted(Stop(*plan, context, *machine_, *store_));
  if (auto saved = store_->SaveSeen(record_.id, plan->apps); !saved && stopped) return saved;
  return stopped;
}

Result<void> Session::Restart(const std::function<void(unsigned)>& percent) {
  const std::lock_guard lock(verb_);
  if (auto primary = RequirePrimary("restart applications"); !primary) return primary;
  const Task task(*this);
  const std::stop_token& cancel = task.cancel();
  const auto turn = AwaitTurn();
  if (!turn) return tl::unexpected(turn.error());
  auto state = store_->Load(record_.id);
  if (!state) return Pass(std::move(state));
  if (!state->record.shutdown_attempted)
    return Fail(kRequestOutOfSequence, "there is nothing to restart before RmShutdown");
  if (auto suppressed = OweNothingToMasked(*state, *machine_, *store_); !suppressed)
    return suppressed;
  StopContext context = Context(cancel);
  context.percent = percent;
  context.events = journal_.Listening(state->seen, Paths(state->registered), events_);
  auto restarted = Noted(rm::Restart(state->debts, state->seen, context, *machine_, *store_));
  if (auto saved = store_->SaveSeen(record_.id, state->seen); !saved && restarted) return saved;
  if (!state->seen.empty() && !cancel.stop_requested()) NoteOutcomes(cancel);
  return restarted;
}

// Whoever asks later, or looks into the store, is told what has come of it. Everybody is back: it
// is no failure of the restart if that cannot be found out.
void Session::NoteOutcomes(std::stop_token cancel) {
  auto look = LookAround(false, std::move(cancel));
  if (!look) return;
  JudgeOutcomes(look->apps, look->state.seen);
  (void)store_->SaveSeen(record_.id, look->apps);
}

Result<void> Session::Cancel() {
  if (auto primary = RequirePrimary("cancel"); !primary) return primary;
  const std::lock_guard lock(cancel_);
  task_.request_stop();
  return {};
}

Result<void> Session::AddFilter(const Filter& filter) {
  const std::lock_guard lock(verb_);
  if (auto primary = RequirePrimary("filter"); !primary) return primary;
  const auto turn = AwaitTurn();
  if (!turn) return tl::unexpected(turn.error());
  auto state = store_->Load(record_.id);
  if (!state) return Pass(std::move(state));
  auto added = store_->AddFilter(record_.id, filter);
  if (!added || !state->record.shutdown_attempted) return added;
  state->filters.push_back(filter);
  return FollowFilters(*state);
}

Result<void> Session::RemoveFilter(const Filter& filter) {
  const std::lock_guard lock(verb_);
  if (auto primary = RequirePrimary("filter"); !primary) return primary;
  const auto turn = AwaitTurn();
  if (!turn) return tl::unexpected(turn.error());
  auto state = store_->Load(record_.id);
  if (!state) return Pass(std::move(state));
  std::erase_if(state->filters, [&](const Filter& other) { return SameTarget(other, filter); });
  // First they are owed again: whoever is killed in between has not removed it.
  if (state->record.shutdown_attempted)
    if (auto followed = FollowFilters(*state); !followed) return followed;
  return store_->RemoveFilter(record_.id, filter);
}

Result<void> Session::FollowFilters(SessionState& state) {
  HoldRequest hold{record_.name, record_.owner, {}, store_directory_, options_.guard};
  for (const Debt& debt : state.debts)
    if (debt.unit) hold.held.push_back(*debt.unit);
  return rm::FollowFilters(state, hold, *machine_, *store_);
}

Result<std::vector<Filter>> Session::Filters() {
  const std::lock_guard lock(verb_);
  if (auto primary = RequirePrimary("filter"); !primary) return Pass(std::move(primary));
  auto state = store_->Load(record_.id);
  if (!state) return Pass(std::move(state));
  return std::move(state->filters);
}

void Session::SetOption(const std::function<void(SessionOptions&)>& set) {
  const std::lock_guard lock(verb_);
  set(options_);
}

void Session::UseStore(std::shared_ptr<SessionStore> store) {
  const std::lock_guard lock(verb_);
  store_ = std::move(store);
}

void Session::SetJournal(Journaling journal) {
  const std::lock_guard lock(verb_);
  journal_ = std::move(journal);
}

void Session::SetEvents(EventSink events) {
  const std::lock_guard lock(verb_);
  events_ = std::move(events);
}

Result<void> Session::End() {
  if (role_ == Role::kSecondary) return {};
  struct Ending {
    explicit Ending(Session& ends) : session(ends) { session.SetEnding(true); }
    ~Ending() {
      if (!done) session.SetEnding(false);
    }
    Session& session;
    bool done = false;
  };
  Ending ending(*this);
  const std::lock_guard lock(verb_);
  auto ended = EndInStore();
  ending.done = ended.has_value();
  return ended;
}

Result<void> Session::EndInStore() {
  auto state = store_->Load(record_.id);
  if (!state) return Pass(std::move(state));
  if (state->record.shutdown_attempted)
    if (auto down = LeaveDown(state->debts, Context({}), *machine_, *store_); !down) return down;
  machine_->CleanUp(store_directory_, record_.name);
  auto ended = store_->End(record_.id);
  if (ended) journal_.Ends();
  return ended;
}

// What stops half way because the store or memory fails, somebody has to look into.
Result<void> Session::Noted(Result<void> acted) {
  const uint32_t code = acted ? kSuccess : acted.error().code;
  if (code == kWriteFault || code == kSemTimeout || code == kOutOfMemory)
    journal_.Trouble(acted.error().message);
  return acted;
}

void Session::SetEnding(bool ending) {
  const std::lock_guard lock(cancel_);
  ending_ = ending;
  if (ending) task_.request_stop();
}

StopContext Session::Context(std::stop_token cancel) const {
  StopContext context;
  context.session = record_;
  context.store_directory = store_directory_;
  context.limits = options_.limits;
  context.guard = options_.guard;
  context.events = events_;
  context.cancel = std::move(cancel);
  return context;
}

// A cancel that came while nothing ran is forgotten.
std::stop_token Session::BeginTask() {
  const std::lock_guard lock(cancel_);
  task_ = std::stop_source();
  if (ending_) task_.request_stop();
  return task_.get_token();
}

void Session::EndTask() {
  const std::lock_guard lock(cancel_);
  task_ = std::stop_source(std::nostopstate);
}

}  // namespace rm
