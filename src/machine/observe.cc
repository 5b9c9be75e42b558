#include "machine/observe.h"

#include <algorithm>
#include <set>
#include <utility>

#include "apps/listeners.h"
#include "apps/registration.h"
#include "machine/windows.h"
#include "procfs/holders.h"
#include "procfs/identity.h"
#include "procfs/process.h"
#include "procfs/snapshot.h"
#include "procfs/tree.h"
#include "systemd/cgroup.h"

namespace rm {
namespace {

bool SameObject(const FileIdentity& a, const FileIdentity& b) {
  return a.dev == b.dev && a.ino == b.ino &&
         (a.btime_ns == b.btime_ns || a.btime_ns == 0 || b.btime_ns == 0);
}

// What is looked for, and what it is to the session.
struct Targets {
  std::vector<FileTarget> targets;  // FileTarget::file beyond the registered ones: below a tree
  struct Below {
    uint32_t file;  // the tree
    std::string path;
  };
  std::vector<Below> below;
};

// What is below a tree now, and what was at registration and is not any more.
Result<void> AddTree(const FileResource& file, uint32_t number, size_t registered,
                     const std::stop_token& cancel, Targets& out) {
  auto walk = WalkTree(file.path, {file.tree->other_file_systems, cancel});
  if (!walk) return Pass(std::move(walk));
  const auto add = [&](TreeEntry entry, bool previous) {
    const auto next = static_cast<uint32_t>(registered + out.below.size());
    out.targets.push_back({entry.identity, next, previous});
    out.below.push_back({number, std::move(entry.below)});
  };
  std::set<std::pair<uint64_t, uint64_t>> present;
  for (TreeEntry& entry : walk->entries) {
    present.emplace(entry.identity.dev, entry.identity.ino);
    add(std::move(entry), false);
  }
  for (const TreeEntry& old : file.tree->at_registration)
    if (!present.contains({old.identity.dev, old.identity.ino})) add(old, true);
  return {};
}

// What each path is now, and what it was at registration if that is another object.
Result<Targets> TargetsOf(const Registration& registered, const std::stop_token& cancel) {
  std::vector<std::string> paths;
  paths.reserve(registered.files.size());
  for (const FileResource& file : registered.files) paths.push_back(file.path);
  auto now = IdentifyFiles(paths);
  if (!now) return Pass(std::move(now));
  Targets out;
  std::vector<FileTarget>& targets = out.targets;
  targets.reserve(paths.size());
  for (uint32_t i = 0; i < registered.files.size(); ++i) {
    const FileResource& file = registered.files[i];
    const auto& current = (*now)[i].at_registration;
    if (current) targets.push_back({*current, i, false});
    if (file.at_registration && (!current || !SameObject(*file.at_registration, *current)))
      targets.push_back({*file.at_registration, i, true});
    if (!file.tree) continue;
    if (auto added = AddTree(file, i, paths.size(), cancel, out); !added)
      return Pass(std::move(added));
  }
  return out;
}

void NameBelow(const Targets& targets, size_t registered, std::vector<Holding>& holdings) {
  for (Holding& holding : holdings) {
    if (holding.file < registered) continue;
    const Targets::Below& below = targets.below[holding.file - registered];
    holding.file = below.file;
    holding.below = below.path;
  }
  if (!targets.below.empty()) std::sort(holdings.begin(), holdings.end());
}

// The unit's own cgroup is where the process is: its name alone could be anything in a cgroup tree
// that no service manager of ours made.
bool Contains(const UnitFacts& unit, const std::string& cgroup) {
  if (unit.control_group.empty()) return false;
  return cgroup == unit.control_group || cgroup.starts_with(unit.control_group + "/");
}

class Observer {
 public:
  Observer(const ProcTree& proc, ServiceManagers& managers, Observation& seen)
      : proc_(proc), managers_(managers), seen_(seen) {}

  Result<void> AddProcess(const ProcessId& id) {
    if (seen_.processes.contains(id)) return {};
    auto process = ReadProcess(proc_, id.pid);
    if (!process) return Pass(std::move(process));
    if (!*process || (*process)->id != id) return {};
    if (Manager::Booted())
      if (auto owner = OwnerFromCgroup((*process)->cgroup)) AddOwner(**process, *owner);
    seen_.processes.emplace(id, std::move(**process));
    return {};
  }

  Result<void> AddService(const UnitRef& ref) {
    const UnitFacts* unit = AddUnit(ref);
    if (!unit || unit->main_pid == 0) return {};
    auto main = Identify(proc_, unit->main_pid);
    if (!main) return Pass(std::move(main));
    return *main ? AddProcess(**main) : Result<void>{};
  }

 private:
  const UnitFacts* AddUnit(const UnitRef& ref) {
    for (const UnitFacts& unit : seen_.units)
      if (unit.ref.user == ref.user &&
          std::find(unit.names.begin(), unit.names.end(), ref.name) != unit.names.end())
        return &unit;
    if (unknown_.contains(ref)) return nullptr;
    auto manager = managers_.Of(ref.user);
    auto unit = manager ? (*manager)->Describe(ref.name) : Pass(std::move(manager));
    if (!unit || unit->load_state == "not-found") {
      unknown_.insert(ref);
      return nullptr;
    }
    return &seen_.units.emplace_back(std::move(*unit));
  }

  void AddOwner(const ProcessFacts& process, const Owner& owner) {
    // A program that we relaunched: its unit could not start it a second time.
    if (owner.unit.name.starts_with(kRelaunchUnitPrefix)) return;
    Owner verified = owner;
    if (owner.kind == OwnerKind::kService || owner.kind == OwnerKind::kAppScope) {
      const UnitFacts* unit = AddUnit(owner.unit);
      if (unit && !Contains(*unit, process.cgroup)) return;
      if (unit) verified.unit = unit->ref;
    }
    seen_.owners.emplace(process.id, verified);
  }

  const ProcTree& proc_;
  ServiceManagers& managers_;
  Observation& seen_;
  std::set<UnitRef> unknown_;
};

bool IsPlain(const Observation& seen, const ProcessId& id) {
  const auto owner = seen.owners.find(id);
  return owner == seen.owners.end() || owner->second.kind != OwnerKind::kService;
}

}  // namespace

Result<Observation> ObserveMachine(const ProcTree& proc, const std::string& programs,
                                   ServiceManagers& managers, const Registration& registered,
                                   const ObserveOptions& options, std::stop_token cancel) {
  Observation seen;
  auto looked_for = TargetsOf(registered, cancel);
  if (!looked_for) return Pass(std::move(looked_for));
  const std::vector<FileTarget>& targets = looked_for->targets;
  if (!targets.empty()) {
    ScanOptions scan;
    scan.directories = options.directories;
    scan.cancel = cancel;
    auto found = FindHolders(proc, targets, scan);
    if (!found) return Pass(std::move(found));
    seen.holdings = std::move(found->holdings);
    NameBelow(*looked_for, registered.files.size(), seen.holdings);
    seen.unreadable = std::move(found->unreadable);
  }
  Observer observer(proc, managers, seen);
  for (const Holding& holding : seen.holdings)
    if (auto added = observer.AddProcess(holding.process); !added) return Pass(std::move(added));
  for (const ProcessId& process : registered.processes)
    if (auto added = observer.AddProcess(process); !added) return Pass(std::move(added));
  for (const UnitRef& service : registered.services)
    if (auto added = observer.AddService(service); !added) return Pass(std::move(added));
  const std::vector<UnitFacts> units = seen.units;
  for (const UnitFacts& unit : units)
    if (auto added = observer.AddService(unit.ref); !added) return Pass(std::move(added));

  std::optional<Listeners> listeners;
  std::vector<ProcessId> plain;
  for (const auto& [id, process] : seen.processes) {
    if (process.kernel_thread || !IsPlain(seen, id)) continue;
    plain.push_back(id);
    if (!listeners) listeners = Listeners::Read();
    if (listeners->Of(id)) seen.contacts[id].answers = true;
    // What may not be read is no reason to fail: such a process cannot be stopped either.
    if (auto asked = ReadRestartRegistration(id); asked && *asked)
      seen.registered_for_restart.emplace(id, std::move(**asked));
    if (!options.capture) continue;
    if (auto spec = Snapshot(proc, id)) seen.captured.emplace(id, std::move(*spec));
  }
  AddWindows(proc, programs, plain, seen.contacts, cancel);
  return seen;
}

}  // namespace rm
