#include "machine/observe.h"

#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <ctime>
#include <map>
#include <set>
#include <utility>

#include "apps/ask.h"
#include "apps/listeners.h"
#include "apps/means.h"
#include "apps/registration.h"
#include "machine/lifetime.h"
#include "machine/windows.h"
#include "procfs/child_answers.h"
#include "procfs/display.h"
#include "procfs/identity.h"
#include "procfs/mounts.h"
#include "procfs/process.h"
#include "procfs/process_dir.h"
#include "procfs/snapshot.h"
#include "procfs/tree.h"
#include "systemd/cgroup.h"

namespace rm {
namespace {

constexpr std::chrono::milliseconds kPatience{3000};

bool SameObject(const FileIdentity& a, const FileIdentity& b) {
  return a.dev == b.dev && a.ino == b.ino &&
         (a.btime_ns == b.btime_ns || a.btime_ns == 0 || b.btime_ns == 0);
}

// What is looked for, and what it is to the session.
struct Targets {
  std::vector<FileTarget> files;  // FileTarget::file beyond the registered ones: below a tree
  std::map<uint32_t, int64_t> overwritten;  // file -> when; the object stayed, its content did not
  std::vector<uint32_t> unreachable;
  struct Below {
    uint32_t file;  // the tree
    std::string path;
  };
  std::vector<Below> below;
};

// What is below a tree now, and what was at registration and is not any more.
Result<void> AddTree(const FileResource& file, bool unreachable, uint32_t number, size_t registered,
                     const std::stop_token& cancel, Targets& out) {
  const auto add = [&](TreeEntry entry, bool previous) {
    const auto next = static_cast<uint32_t>(registered + out.below.size());
    std::string path = file.path + "/" + entry.below;
    out.files.push_back(
        {entry.identity, next, previous, std::move(entry.handles), std::move(path)});
    out.below.push_back({number, std::move(entry.below)});
  };
  if (unreachable) {  // as far as anybody knows it is what it was
    for (const TreeEntry& old : file.tree->at_registration) add(old, false);
    return {};
  }
  auto walk = WalkTree(file.path, {file.tree->other_file_systems, cancel});
  if (!walk) return Pass(std::move(walk));
  std::set<std::pair<uint64_t, uint64_t>> present;
  for (TreeEntry& entry : walk->entries) {
    present.emplace(entry.identity.dev, entry.identity.ino);
    add(std::move(entry), false);
  }
  // As far as anybody knows, what could not be looked at is what it was.
  const auto is_skipped = [&](const TreeEntry& entry) {
    return std::ranges::any_of(walk->skipped, [&](const Skipped& skipped) {
      return IsBelow(file.path + "/" + entry.below, skipped.path);
    });
  };
  for (const TreeEntry& old : file.tree->at_registration)
    if (!present.contains({old.identity.dev, old.identity.ino})) add(old, !is_skipped(old));
  return {};
}

// What each path is now, and what it was at registration if that is another object.
Result<Targets> TargetsOf(const Registration& registered, const std::stop_token& cancel) {
  std::vector<std::string> paths;
  paths.reserve(registered.files.size());
  for (const FileResource& file : registered.files) paths.push_back(file.path);
  auto now = IdentifyFiles(paths);
  if (!now) return Pass(std::move(now));
  Targets targets;
  targets.files.reserve(paths.size());
  for (uint32_t i = 0; i < registered.files.size(); ++i) {
    const FileResource& file = registered.files[i];
    FileResource& current = (*now)[i];
    const auto& before = file.at_registration;
    if (current.unreachable) targets.unreachable.push_back(i);
    const bool same =
        before && (current.unreachable ||
                   (current.at_registration && SameObject(*before, *current.at_registration)));
    if (before && !same) targets.files.push_back({*before, i, true, file.handles, file.path});
    if (before && current.unreachable)
      targets.files.push_back({*before, i, false, file.handles, file.path});
    if (current.at_registration) {
      const FileIdentity& found = *current.at_registration;
      if (same && (found.size != before->size || found.mtime_ns != before->mtime_ns))
        targets.overwritten.emplace(i, found.ctime_ns);
      targets.files.push_back({found, i, false, std::move(current.handles), file.path});
    }
    if (!file.tree) continue;
    if (auto added = AddTree(file, current.unreachable, i, paths.size(), cancel, targets); !added)
      return Pass(std::move(added));
  }
  return targets;
}

void NameBelow(const Targets& targets, size_t registered, Holding& holding) {
  if (holding.file < registered) return;
  const Targets::Below& below = targets.below[holding.file - registered];
  holding.file = below.file;
  holding.below = below.path;
}

// Who was there before its file was overwritten in place may still go by what was in it: what it
// has read, and pages of its own. A process that began in the tick of the change counts as a later
// one.
void MarkOverwritten(const std::map<uint32_t, int64_t>& overwritten,
                     std::vector<Holding>& holdings) {
  if (overwritten.empty()) return;
  constexpr int64_t kSecond = 1'000'000'000;
  const int64_t tick = kSecond / sysconf(_SC_CLK_TCK);
  timespec wall{}, boot{};
  clock_gettime(CLOCK_REALTIME, &wall);
  clock_gettime(CLOCK_BOOTTIME, &boot);
  const int64_t boot_ns = (wall.tv_sec - boot.tv_sec) * kSecond + wall.tv_nsec - boot.tv_nsec;
  for (Holding& holding : holdings) {
    const auto changed = overwritten.find(holding.file);
    if (changed == overwritten.end()) continue;
    const int64_t started = boot_ns + static_cast<int64_t>(holding.process.start_ticks) * tick;
    if (started + tick < changed->second) holding.previous_content = true;
  }
}

// The unit's own cgroup is where the process is: its name alone could be anything in a cgroup tree
// that no service manager of ours made.
bool Contains(const UnitFacts& unit, const std::string& cgroup) {
  if (unit.control_group.empty()) return false;
  return cgroup == unit.control_group || cgroup.starts_with(unit.control_group + "/");
}

// With all its threads, since it was found, and nobody has waited for it yet: it holds nothing any
// more.
bool HasEnded(const ProcessId& id) {
  const auto opened = OpenProcess(id);
  if (!opened) return opened.error().code == kProcessGone;
  pollfd ended{opened->get(), POLLIN, 0};
  return poll(&ended, 1, 0) == 1;
}

class Observer {
 public:
  Observer(const ProcTree& proc, ServiceManagers& managers, Observation& seen)
      : proc_(proc), managers_(managers), seen_(seen) {}

  // A holder that the kernel has shown is one, whether or not /proc shows it as well.
  Result<void> AddHolder(const ProcessId& id) {
    if (auto added = AddProcess(id); !added) return added;
    if (!seen_.processes.contains(id) && IsHidden(proc_, id.pid))
      seen_.processes.emplace(id, ProcessFacts{.id = id, .name = "(hidden)", .hidden = true});
    return {};
  }

  Result<void> AddProcess(const ProcessId& id) {
    if (seen_.processes.contains(id)) return {};
    auto process = ReadProcess(proc_, id.pid);
    if (!process && IsHidden(proc_, id.pid)) return {};
    if (!process) return Pass(std::move(process));
    if (!*process || (*process)->id != id) return {};
    if ((*process)->zombie && HasEnded(id)) return {};
    if (Manager::Booted())
      if (auto owner = OwnerFromCgroup((*process)->cgroup)) AddOwner(**process, *owner);
    seen_.processes.emplace(id, std::move(**process));
    return {};
  }

  // Without a manager there is no service. One that does not answer may run it, and to leave that
  // running without a word would be wrong.
  Result<void> AddService(const UnitRef& ref) {
    const UnitFacts* unit = AddUnit(ref);
    const auto untold = untold_.find(ref);
    if (untold != untold_.end() && untold->second.code != kFileNotFound)
      return Fail(untold->second.code, "{}", untold->second.message);
    if (!unit || unit->main_pid == 0) return {};
    auto main = Identify(proc_, unit->main_pid);
    if (!main && IsHidden(proc_, unit->main_pid)) return {};
    if (!main) return Pass(std::move(main));
    return *main ? AddProcess(**main) : Result<void>{};
  }

 private:
  // None: there is no such unit, or nobody says what it is.
  const UnitFacts* AddUnit(const UnitRef& ref) {
    for (const UnitFacts& unit : seen_.units)
      if (unit.ref.user == ref.user &&
          std::find(unit.names.begin(), unit.names.end(), ref.name) != unit.names.end())
        return &unit;
    if (absent_.contains(ref) || untold_.contains(ref)) return nullptr;
    auto manager = managers_.Of(ref.user);
    auto unit = manager ? (*manager)->Describe(ref.name) : Pass(std::move(manager));
    if (unit && (unit->load_state != "not-found" || !unit->control_group.empty()))
      return &seen_.units.emplace_back(std::move(*unit));
    if (unit)
      absent_.insert(ref);
    else
      untold_.emplace(ref, unit.error());
    return nullptr;
  }

  void AddOwner(const ProcessFacts& process, const Owner& owner) {
    // A program that we relaunched: its unit could not start it a second time.
    if (owner.unit.name.starts_with(kRelaunchUnitPrefix)) return;
    Owner verified = owner;
    if (owner.kind == OwnerKind::kService || owner.kind == OwnerKind::kAppScope) {
      const UnitFacts* unit = AddUnit(owner.unit);
      if (absent_.contains(owner.unit) || (unit && !Contains(*unit, process.cgroup))) return;
      if (unit) verified.unit = unit->ref;
    }
    seen_.owners.emplace(process.id, verified);
  }

  const ProcTree& proc_;
  ServiceManagers& managers_;
  Observation& seen_;
  std::set<UnitRef> absent_;
  std::map<UnitRef, Error> untold_;
};

constexpr char kTrouble = '!';  // no spec begins so

// Process -> the registered names of what it runs, when something else is to be there now.
std::map<ProcessId, std::vector<std::string>> UpdatedNames(const Registration& registered,
                                                           const std::vector<Holding>& holdings) {
  const std::vector<std::string> files = Paths(registered);
  std::map<ProcessId, std::vector<std::string>> updated;
  for (const Holding& holding : holdings) {
    if (holding.kind != HoldKind::kExecutable || !holding.previous_content) continue;
    std::vector<std::string>& names = updated[holding.process];
    std::string name = HeldPath(holding, files);
    if (std::ranges::find(names, name) == names.end()) names.push_back(std::move(name));
  }
  return updated;
}

// "": whoever has ended, or may not be looked at, is not brought back anyway.
std::string CaptureOne(const ProcTree& proc, const ProcessId& process,
                       const std::vector<std::string>& updated) {
  const auto spec = Snapshot(proc, process, updated);
  if (spec) return Serialize(*spec);
  const uint32_t code = spec.error().code;
  if (code == kOutOfMemory || code == kWriteFault) return kTrouble + spec.error().message;
  return "";
}

// "": by nothing that holds elsewhere as well. A scope cannot be started again.
std::string LimitedBy(const UnitRef& unit, ServiceManagers& managers) {
  if (!unit.name.ends_with(".scope")) return "";
  auto manager = managers.Of(unit.user);
  if (!manager) return "";
  const auto limits = (*manager)->LimitsOf(unit.name);
  if (!limits || limits->empty()) return "";
  return fmt::format("It lives under limits of {}: {}.", unit.name, fmt::join(*limits, ", "));
}

// A process can keep whoever reads its arguments waiting for ever: by a child, with a limit.
Result<void> Capture(const ProcTree& proc, const std::vector<ProcessId>& processes,
                     const Registration& registered, ServiceManagers& managers, Observation& seen) {
  auto updated = UpdatedNames(registered, seen.holdings);
  ChildQuestions questions;
  questions.count = processes.size();
  questions.descriptor = proc.fd();
  questions.answer = [&](size_t i) {
    return CaptureOne(proc, processes[i], updated[processes[i]]);
  };
  auto answers = AnswersFromChild(questions, kPatience);
  if (!answers) return Pass(std::move(answers));
  std::map<UnitRef, std::string> limited;
  for (size_t i = 0; i < processes.size(); ++i) {
    if (!(*answers)[i]) {
      seen.unanswered.push_back(processes[i]);
    } else if ((*answers)[i]->starts_with(kTrouble)) {
      seen.not_captured.emplace(processes[i], Error{kWriteFault, (*answers)[i]->substr(1)});
    } else if (auto spec = ParseRelaunchSpec(*(*answers)[i])) {
      if (!managers.Home()) {
        auto lacking = MeansLackingFor(*spec);
        if (!lacking) return Pass(std::move(lacking));
        if (!lacking->empty()) seen.beyond_us.emplace(processes[i], lacking->front());
        std::ranges::move(*lacking, std::back_inserter(spec->cannot_restore));
      }
      const auto owner = seen.owners.find(processes[i]);
      if (owner != seen.owners.end() && managers.Home()) {
        std::string why = WhyItEndsSooner(*spec, seen.processes[processes[i]], owner->second,
                                          managers.Home()->user());
        if (!why.empty()) seen.ends_sooner.emplace(processes[i], std::move(why));
      }
      if (owner != seen.owners.end()) {
        const auto [of_scope, is_new] = limited.try_emplace(owner->second.unit);
        if (is_new) of_scope->second = LimitedBy(owner->second.unit, managers);
        if (!of_scope->second.empty()) spec->cannot_restore.push_back(of_scope->second);
      }
      seen.captured.emplace(processes[i], std::move(*spec));
    }
  }
  return {};
}

bool IsPlain(const Observation& seen, const ProcessId& id) {
  const auto owner = seen.owners.find(id);
  return owner == seen.owners.end() || owner->second.kind != OwnerKind::kService;
}

}  // namespace

Result<Observation> ObserveMachine(const ProcTree& proc, HolderFinder& finder,
                                   const std::string& programs, ServiceManagers& managers,
                                   const Registration& registered, const ObserveOptions& options,
                                   std::stop_token cancel) {
  Observation seen;
  auto targets = TargetsOf(registered, cancel);
  if (!targets) return Pass(std::move(targets));
  seen.unreachable = targets->unreachable;
  if (!targets->files.empty()) {
    ScanOptions scan;
    scan.directories = options.directories;
    scan.cancel = cancel;
    auto found = finder.Find(targets->files, scan, options.backend);
    if (!found) return Pass(std::move(found));
    seen.holdings = std::move(found->holdings);
    for (Holding& holding : seen.holdings) NameBelow(*targets, registered.files.size(), holding);
    if (!targets->below.empty()) std::sort(seen.holdings.begin(), seen.holdings.end());
    seen.unreadable = std::move(found->unreadable);
    seen.unanswered = std::move(found->unanswered);
    seen.in_flight = std::move(found->in_flight);
    seen.kernel_uses = std::move(found->kernel_uses);
    for (KernelUse& use : seen.kernel_uses)
      NameBelow(*targets, registered.files.size(), use.holding);
    MarkOverwritten(targets->overwritten, seen.holdings);
  }
  Observer observer(proc, managers, seen);
  for (const Holding& holding : seen.holdings)
    if (auto added = observer.AddHolder(holding.process); !added) return Pass(std::move(added));
  for (const ProcessId& process : registered.processes)
    if (auto added = observer.AddProcess(process); !added) return Pass(std::move(added));
  for (const UnitRef& service : registered.services)
    if (auto added = observer.AddService(service); !added) return Pass(std::move(added));
  const std::vector<UnitFacts> units = seen.units;
  for (const UnitFacts& unit : units)
    if (auto added = observer.AddService(unit.ref); !added) return Pass(std::move(added));

  std::vector<ProcessId> plain, asked;
  for (const auto& [id, process] : seen.processes) {
    if (process.kernel_thread || process.hidden || !IsPlain(seen, id)) continue;
    if (std::ranges::count(seen.unanswered, id) == 0) plain.push_back(id);
    asked.push_back(id);
    // What may not be read is no reason to fail: such a process cannot be stopped either.
    if (auto asked = ReadRestartRegistration(id); asked && *asked)
      seen.registered_for_restart.emplace(id, std::move(**asked));
  }
  const Listeners listeners = asked.empty() ? Listeners() : Listeners::Among(asked);
  for (const ProcessId& id : asked)
    if (listeners.Of(id)) seen.contacts[id].answers = true;
  auto displays = ReadDisplays(proc, plain);
  if (!displays) return Pass(std::move(displays));
  AddWindows(displays->of, programs, seen.contacts, cancel);
  seen.unanswered.insert(seen.unanswered.end(), displays->unanswered.begin(),
                         displays->unanswered.end());
  // Who keeps one reader waiting does so with the next.
  std::erase_if(plain,
                [&](const ProcessId& id) { return std::ranges::count(seen.unanswered, id); });
  if (options.capture && !plain.empty())
    if (auto captured = Capture(proc, plain, registered, managers, seen); !captured)
      return Pass(std::move(captured));
  std::sort(seen.unanswered.begin(), seen.unanswered.end());
  seen.unanswered.erase(std::unique(seen.unanswered.begin(), seen.unanswered.end()),
                        seen.unanswered.end());
  return seen;
}

}  // namespace rm
