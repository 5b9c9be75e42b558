#include "machine/holds.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <map>
#include <set>
#include <utility>

#include "apps/ask.h"
#include "apps/plain_word.h"
#include "apps/spawn_actions.h"
#include "base/text.h"
#include "base/win32_codes.h"
#include "machine/ended_since.h"
#include "machine/kept_files.h"
#include "machine/starts.h"
#include "procfs/process.h"
#include "systemd/cgroup.h"

namespace rm {
namespace {

std::vector<std::string> GuardCommand(const std::string& programs, const HoldRequest& request) {
  return {programs + "/rm-guard", "hold", request.session, std::to_string(request.owner.pid),
          std::to_string(request.owner.start_ticks)};
}

bool IsUp(const UnitState& state) {
  return state.active_state == "active" || state.active_state == "reloading" ||
         state.active_state == "activating";
}

// Where its user's limits hold, and those that it was started under.
std::string SliceOf(const ProcessId& process, std::optional<uid_t> manager_of) {
  const auto proc = ProcTree::Open();
  if (!proc) return "";
  const auto facts = ReadProcess(*proc, process.pid);
  if (!facts || !*facts || (*facts)->id != process) return "";
  return SliceFromCgroup((*facts)->cgroup, manager_of);
}

// A guard keeps its file locked as long as it watches.
bool IsWatched(const std::string& guard_file) {
  const auto lock = LockFile(guard_file);
  return lock && !*lock;
}

// The name is of anybody's choice; to PID 1 goes UTF-8, in one line.
std::string DescriptionOf(const Debt& debt) {
  return fmt::format("{} (restarted after an update)", OneLine(ReplaceInvalidUtf8(debt.app_name)));
}

// Of a program that is gone: that of its user, if that user is there.
std::string SliceOfUser(Manager& home, uid_t user) {
  if (home.user() || user == 0) return "";
  std::string slice = fmt::format("user-{}.slice", user);
  const auto state = home.Query(slice);
  return state && state->active_state == "active" ? slice : "";
}

std::string DirectoryOf(const std::string& file) { return file.substr(0, file.rfind('/')); }

}  // namespace

Result<void> Holds::Begin(const HoldRequest& request) {
  std::map<std::optional<uid_t>, std::vector<std::string>> held;
  for (const UnitRef& unit : request.held) held[unit.user].push_back(unit.name);
  Manager* home = managers_.Home();
  if (home) held[home->user()];
  if (held.empty()) return StartGuard(request);
  for (auto& [user, units] : held) {
    auto manager = managers_.Of(user);
    if (!manager) return Pass(std::move(manager));
    Hold hold{request.session, request.owner, GuardCommand(programs_, request), units};
    if (auto begun = (*manager)->BeginHold(hold); !begun) return begun;
  }
  return {};
}

Result<void> Holds::StartGuard(const HoldRequest& request) {
  const std::string file = GuardFile(request.store_directory, request.session);
  auto mark = LockFile(file);
  if (!mark) return Pass(std::move(mark));
  if (!*mark) return {};  // there is a guard that watches
  mark->Reset();
  const std::string program = programs_ + "/rm-guard";
  std::vector<std::string> words{program,
                                 "watch",
                                 request.store_directory,
                                 request.session,
                                 std::to_string(request.owner.pid),
                                 std::to_string(request.owner.start_ticks)};
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  char* const environment[] = {nullptr};
  SpawnActions actions;
  for (int fd : {0, 1, 2}) actions.OpenNull(fd);
  actions.CloseFrom(3);
  pid_t child = 0;
  const int failed =
      posix_spawn(&child, program.c_str(), actions.get(), nullptr, arguments.data(), environment);
  if (failed == 0) {
    // It puts itself into the background once it watches, and tells by its status.
    int status = 0;
    pid_t ended;
    while ((ended = waitpid(child, &status, 0)) < 0 && errno == EINTR) continue;
    // In a program that ignores SIGCHLD, or reaps all children itself, the status is lost.
    const bool watches =
        ended == child ? WIFEXITED(status) && WEXITSTATUS(status) == 0 : IsWatched(file);
    if (watches) return {};
  }
  unlink(file.c_str());
  return Fail(kWriteFault, "{} does not watch: {}", program,
              failed != 0 ? std::strerror(failed) : "it ended");
}

QueuedRelaunch Holds::RelaunchOf(const Debt& debt, const std::string& session) const {
  QueuedRelaunch relaunch;
  relaunch.session = session;
  relaunch.number = static_cast<uint32_t>(debt.id);
  relaunch.description = DescriptionOf(debt);
  relaunch.argv = {programs_ + "/rm-relaunch", ToPlainWord(debt.spec_file)};
  return relaunch;
}

Result<void> Holds::QueueRelaunch(const HoldRequest& request, Debt& debt) {
  const std::string name = fmt::format("relaunch-{}-{}", request.session, debt.id);
  // What a killed call left behind.
  unlink((request.store_directory + "/" + name).c_str());
  auto file = WriteSpecFile(request.store_directory, name, *debt.process);
  if (!file) return Pass(std::move(file));
  debt.spec_file = *file;
  Manager* home = request.guarded ? managers_.Home() : nullptr;
  if (!home) return {};
  QueuedRelaunch relaunch = RelaunchOf(debt, request.session);
  relaunch.slice = SliceOf(debt.process->was, home->user());
  for (const UnitRef& unit : request.held)
    if (unit.user == home->user()) relaunch.after.push_back(unit.name);
  auto queued = home->QueueRelaunch(relaunch);
  if (!queued) {
    unlink(file->c_str());
    return Pass(std::move(queued));
  }
  debt.relaunch_unit = *queued;
  return {};
}

Result<void> Holds::Release(const std::string& session, const std::vector<Debt>& debts) {
  std::set<std::optional<uid_t>> users;
  for (const Debt& debt : debts)
    if (debt.unit) users.insert(debt.unit->user);
  Result<void> released;
  if (Manager* home = managers_.Home()) users.insert(home->user());
  for (const auto& user : users) {
    auto manager = managers_.Of(user);
    auto ended = manager ? (*manager)->EndHold(session) : Pass(std::move(manager));
    if (!ended && released) released = std::move(ended);
  }
  for (const Debt& debt : debts)
    if (!debt.spec_file.empty()) {
      unlink(GuardFile(DirectoryOf(debt.spec_file), session).c_str());
      break;
    }
  return released;
}

Result<void> Holds::CancelStart(const Debt& debt) {
  if (debt.process && !debt.spec_file.empty()) {
    unlink(debt.spec_file.c_str());
    unlink(LateFile(DirectoryOf(debt.spec_file), debt.process->was).c_str());
  }
  if (debt.process && debt.relaunch_unit.empty()) return {};
  auto manager = debt.unit ? managers_.Of(debt.unit->user) : Result<Manager*>(managers_.Home());
  if (!manager) return Pass(std::move(manager));
  if (!*manager) return {};
  return (*manager)->CancelQueuedStart(debt.unit ? debt.unit->name : debt.relaunch_unit);
}

bool Holds::CallOffLateReturn(const std::string& store_directory, const Debt& debt) {
  if (!debt.process) return false;
  const bool waited = unlink(LateFile(store_directory, debt.process->was).c_str()) == 0;
  const bool would_have = !debt.spec_file.empty() && unlink(debt.spec_file.c_str()) == 0;
  (void)CancelStart(debt);
  return waited || would_have;
}

std::string Holds::RunOf(const UnitRef& unit) {
  auto manager = managers_.Of(unit.user);
  return manager ? (*manager)->Invocation(unit.name).value_or("") : "";
}

bool Holds::HasEndedSince(const Debt& debt) {
  if (!debt.unit || debt.stopped_run.empty()) return false;
  auto manager = managers_.Of(debt.unit->user);
  if (!manager) return false;
  const auto last = (*manager)->Last(debt.unit->name);
  return last && EndedSince(debt.stopped_run, *last);
}

Result<void> Holds::Start(Debt& debt) {
  if (debt.process) return StartProcess(debt);
  auto manager = managers_.Of(debt.unit->user);
  if (!manager) return Pass(std::move(manager));
  return StartUnit(**manager, debt.unit->name);
}

Result<void> Holds::StartUnit(Manager& manager, const std::string& unit) {
  auto state = manager.Query(unit);
  if (!state) return Pass(std::move(state));
  const bool coming = state->job_type == "start" || state->job_type == "restart";
  if (coming || IsUp(*state)) return {};
  auto facts = manager.Describe(unit);
  if (!facts) return Pass(std::move(facts));
  if (facts->load_state != "loaded")
    return Fail(kFailRestart, "{}", WhyNotLoaded(unit, facts->load_state));
  if (auto forgiven = manager.ResetFailed(unit); !forgiven) return forgiven;
  return manager.StartUnit(unit);
}

Result<void> Holds::StartProcess(Debt& debt) {
  auto begun = BeginProcess(debt);
  if (begun) AwaitTaken(debt);
  return begun;
}

Result<void> Holds::BeginProcess(Debt& debt) {
  if (!debt.relaunch_unit.empty()) {
    if (Manager* home = managers_.Home()) {
      auto state = home->Query(debt.relaunch_unit);
      if (state && (state->job != 0 || IsUp(*state))) return {};
    }
  }
  const SpecFileState file = LookAtSpecFile(debt.spec_file);
  // To start it twice would be worse.
  if (file.unknown)
    return Fail(kFailRestart, "what became of it cannot be read from {}", debt.spec_file);
  if (file.busy || file.started || launching_.contains(debt.spec_file)) return {};
  if (file.gone && !WasLeftLate(debt)) {
    debt.state = DebtState::kPaid;
    return {};
  }
  if (!file.waiting) RewriteSpecFile(debt.spec_file, *debt.process);
  if (StartRelaunchUnit(debt)) return {};
  auto launching = Launching::Begin(programs_ + "/rm-relaunch", debt.spec_file);
  if (!launching) return Pass(std::move(launching));
  launching_.insert_or_assign(debt.spec_file, std::move(*launching));
  return {};
}

// A child of ours would end with the service or the login that we run in.
bool Holds::StartRelaunchUnit(const Debt& debt) {
  Manager* home = debt.relaunch_unit.empty() ? nullptr : managers_.Home();
  if (!home) return false;
  const std::string& unit = debt.relaunch_unit;
  constexpr size_t kPrefix = kRelaunchUnitPrefix.size();
  QueuedRelaunch relaunch = RelaunchOf(debt, unit.substr(kPrefix, unit.rfind('-') - kPrefix));
  relaunch.slice = SliceOfUser(*home, debt.process->uids[0]);
  if (!home->QueueRelaunch(relaunch)) return false;
  // It may be there still, and over.
  const auto state = home->Query(unit);
  return state && (state->job != 0 || IsUp(*state));
}

void Holds::AwaitTaken(const Debt& debt) {
  constexpr int kNextLook = 10;  // ms
  const auto launching = launching_.find(debt.spec_file);
  const TimePoint deadline = Clock::now() + kBecoming;
  while (IsAlive(debt.process->was)) {
    const SpecFileState file = LookAtSpecFile(debt.spec_file);
    const bool over = launching != launching_.end() && launching->second.Look();
    if (over || file.gone || !file.failure.empty() || Clock::now() >= deadline) {
      launching_.erase(debt.spec_file);
      return;
    }
    poll(nullptr, 0, kNextLook);
  }
}

// Did somebody wait for it to leave, and was killed meanwhile?
bool Holds::WasLeftLate(const Debt& debt) {
  const std::string file = LateFile(DirectoryOf(debt.spec_file), debt.process->was);
  if (access(file.c_str(), F_OK) != 0) return false;
  auto lock = LockFile(file);
  if (!lock || !*lock) return false;
  unlink(file.c_str());
  return true;
}

}  // namespace rm
