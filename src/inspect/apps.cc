#include "inspect/apps.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <map>
#include <string_view>
#include <tuple>

#include "base/full_path.h"
#include "inspect/critical.h"
#include "inspect/why_type.h"

namespace rm {
namespace {

constexpr uint32_t kRestartNoPatch = 4;  // RegisterApplicationRestart: not after an update

// Users' services that are the desktop's shell, and not its display server as well. linux.md 5.
constexpr std::array<std::string_view, 5> kShells = {
    "plasma-plasmashell.service", "org.gnome.Shell@x11.service", "xfce4-panel.service",
    "xfdesktop.service", "lxqt-panel.service"};

struct Key {
  std::optional<UnitRef> unit;
  ProcessId process;
  friend auto operator<=>(const Key&, const Key&) = default;
};

const UnitFacts* FindUnit(const Observation& seen, const UnitRef& ref) {
  for (const UnitFacts& unit : seen.units) {
    if (unit.ref == ref) return &unit;
    if (unit.ref.user != ref.user) continue;
    if (std::find(unit.names.begin(), unit.names.end(), ref.name) != unit.names.end()) return &unit;
  }
  return nullptr;
}

// Until it is down it uses its files.
bool IsUp(const UnitFacts& unit) {
  return unit.active_state == "active" || unit.active_state == "activating" ||
         unit.active_state == "reloading" || unit.active_state == "deactivating";
}

class Grouping {
 public:
  explicit Grouping(const Observation& seen) : seen_(seen) {}

  App& OfProcess(const ProcessId& process) {
    const auto owner = seen_.owners.find(process);
    const bool owned = owner != seen_.owners.end() && owner->second.is_one_app();
    App& app = owned ? OfUnit(owner->second.unit) : apps_[Key{std::nullopt, process}];
    if (!app.unit) app.main = process;
    if (std::find(app.processes.begin(), app.processes.end(), process) == app.processes.end())
      app.processes.push_back(process);
    if (owner != seen_.owners.end()) app.login_session = owner->second.login_session;
    return app;
  }

  App& OfUnit(const UnitRef& ref) {
    const UnitFacts* unit = FindUnit(seen_, ref);
    App& app = apps_[Key{unit ? unit->ref : ref, {}}];
    app.unit = unit ? unit->ref : ref;
    return app;
  }

  std::vector<App> Take() {
    std::vector<App> apps;
    for (auto& [key, app] : apps_) apps.push_back(std::move(app));
    return apps;
  }

 private:
  const Observation& seen_;
  std::map<Key, App> apps_;
};

void Describe(App& app, const UnitFacts* unit, const Observation& seen) {
  if (app.unit) {
    for (const auto& [id, process] : seen.processes)
      if (unit && unit->main_pid == id.pid) app.main = id;
    if (app.main.pid == 0 && !app.processes.empty())
      app.main = *std::min_element(app.processes.begin(), app.processes.end());
  }
  if (const auto main = seen.processes.find(app.main); main != seen.processes.end()) {
    app.executable = main->second.executable;
    app.name = main->second.name;
  }
  if (unit && !unit->description.empty()) app.name = unit->description;
  if (app.name.empty() && app.unit) app.name = app.unit->name;
  if (unit) app.goes_along = unit->goes_along;
}

bool AnyContact(const App& app, const Observation& seen, bool Contact::*fact) {
  return std::any_of(app.processes.begin(), app.processes.end(), [&](const ProcessId& process) {
    const auto contact = seen.contacts.find(process);
    return contact != seen.contacts.end() && contact->second.*fact;
  });
}

// A service is asked by its manager alone.
bool Answers(const App& app, const Observation& seen) {
  return !app.is_service() && AnyContact(app, seen, &Contact::answers);
}

bool IsShell(const UnitRef& unit) {
  return unit.user && std::find(kShells.begin(), kShells.end(), unit.name) != kShells.end();
}

// RmUnknownApp: nothing that asks it to leave would reach it. linux.md 5.
AppType TypeOf(const App& app, const Observation& seen) {
  if (app.is_service()) return IsShell(*app.unit) ? AppType::kExplorer : AppType::kService;
  if (AnyContact(app, seen, &Contact::shell)) return AppType::kExplorer;
  if (AnyContact(app, seen, &Contact::visible_window)) return AppType::kMainWindow;
  if (AnyContact(app, seen, &Contact::windows)) return AppType::kOtherWindow;
  if (app.unit && AnyContact(app, seen, &Contact::display)) return AppType::kOtherWindow;
  if (app.answers) return AppType::kConsole;
  for (const ProcessId& id : app.processes) {
    const auto process = seen.processes.find(id);
    if (process == seen.processes.end() || process->second.has_terminal) continue;
    if (process->second.ignores_term || process->second.blocks_term) return AppType::kUnknown;
  }
  return AppType::kConsole;
}

// A worker that its parent forked comes back with the parent, and must not be started beside it.
const App* ParentOf(const App& app, const std::vector<App>& apps, const Observation& seen) {
  const auto process = seen.processes.find(app.main);
  if (process == seen.processes.end()) return nullptr;
  for (const App& other : apps)
    if (!other.unit && other.main.pid == process->second.parent &&
        other.executable == app.executable && !app.executable.empty())
      return &other;
  return nullptr;
}

void DecideComeBack(App& app, const std::vector<App>& apps, const Observation& seen,
                    bool relaunch) {
  if (app.type == AppType::kCritical) {
    app.why_not_back = "it is not stopped";
    return;
  }
  if (app.is_service()) {
    app.come_back = ComeBack::kService;
    return;
  }
  if (const auto registered = seen.registered_for_restart.find(app.main);
      registered != seen.registered_for_restart.end()) {
    if (registered->second.flags & kRestartNoPatch) {
      app.why_not_back = "it asked not to be restarted after updates (RESTART_NO_PATCH)";
      return;
    }
    if (const auto beyond = seen.beyond_us.find(app.main); beyond != seen.beyond_us.end()) {
      app.why_not_back = "it registered for restart, and cannot be started: " + beyond->second;
      app.stays = relaunch && !app.asked_for;
      return;
    }
    app.come_back = ComeBack::kRegistered;
    return;
  }
  if (const App* parent = ParentOf(app, apps, seen)) {
    app.come_back = ComeBack::kWithParent;
    app.why_not_back = fmt::format("its parent, pid {}, starts it", parent->main.pid);
    return;
  }
  const auto captured = seen.captured.find(app.main);
  if (captured != seen.captured.end() && !captured->second.cannot_restore.empty()) {
    app.why_not_back = "it did not register for restart and cannot be relaunched as it was: " +
                       captured->second.cannot_restore.front();
    app.stays = relaunch && !app.asked_for;
    return;
  }
  if (relaunch && captured != seen.captured.end()) {
    app.come_back = ComeBack::kRelaunched;
    return;
  }
  app.why_not_back = "it did not register for restart";
  if (captured != seen.captured.end())
    app.why_not_back += " (relaunching it is possible)";
  else if (relaunch)
    app.why_not_back += ", and how it was started cannot be read";
  app.stays = relaunch && !app.asked_for;
}

// With a parent that stays down there is nobody who starts the worker.
void FollowParent(App& app, const std::vector<App>& apps, const Observation& seen) {
  if (app.come_back != ComeBack::kWithParent) return;
  const App* parent = &app;
  while (parent && parent->come_back == ComeBack::kWithParent)
    parent = ParentOf(*parent, apps, seen);
  if (parent && parent->come_back != ComeBack::kNot) return;
  app.come_back = ComeBack::kNot;
  app.why_not_back =
      fmt::format("its parent, pid {}, does not come back", parent ? parent->main.pid : 0);
}

std::string HowTheKernelLetsGo(HoldKind kind) {
  switch (kind) {
    case HoldKind::kLoopDevice:
      return "detach it with losetup";
    case HoldKind::kSwap:
      return "turn it off with swapoff";
    case HoldKind::kDevice:
      return "take that device away";
    default:
      return "unmount it";
  }
}

// What the kernel itself uses is nobody's to stop.
std::vector<App> AppsOfKernel(const std::vector<KernelUse>& uses) {
  std::map<std::string, App> apps;
  for (const KernelUse& use : uses) {
    App& app = apps[use.user];
    app.name = fmt::format("kernel ({})", use.user);
    app.type = AppType::kCritical;
    app.reasons = kReasonCriticalProcess;
    app.why_not_stoppable =
        fmt::format("the kernel itself uses it{}; {}", use.where.empty() ? "" : ", " + use.where,
                    HowTheKernelLetsGo(use.holding.kind));
    app.why_not_back = "it is not stopped";
    app.holdings.push_back(use.holding);
  }
  std::vector<App> all;
  for (auto& [user, app] : apps) all.push_back(std::move(app));
  return all;
}

int StopRank(const App& app) {
  switch (app.type) {
    case AppType::kMainWindow:
    case AppType::kOtherWindow:
      return 0;
    case AppType::kConsole:
    case AppType::kUnknown:
      return 1;
    case AppType::kService:
      return 2;
    case AppType::kExplorer:
      return 3;
    case AppType::kCritical:
      return 4;
  }
  return 4;
}

// systemd.kill(5): a stop of the unit leaves all but its main process alone, and we do not.
std::string EndedAlong(const App& app, const UnitFacts& unit) {
  if (unit.kill_mode != "process" && unit.kill_mode != "none") return "";
  std::string pids;
  for (const ProcessId& process : app.processes)
    if (process.pid != unit.main_pid) pids += fmt::format(" {}", process.pid);
  if (pids.empty()) return "";
  return fmt::format(
      "what KillMode={} leaves running is ended as well, and not everything of that may be started "
      "again: pid{}",
      unit.kill_mode, pids);
}

bool Hits(const Filter& filter, const App& app) {
  if (const auto* executable = std::get_if<Filter::Executable>(&filter.target))
    return SamePath(app.executable, executable->path);
  if (const auto* process = std::get_if<ProcessId>(&filter.target))
    return app.main == *process ||
           std::find(app.processes.begin(), app.processes.end(), *process) != app.processes.end();
  const auto unit = ParseUnitRef(std::get<Filter::Service>(filter.target).name);
  return unit && app.unit == unit;
}

}  // namespace

std::vector<App> AffectedApps(const Registration& registered, const Observation& seen,
                              const Onlooker& onlooker, bool relaunch) {
  Grouping grouping(seen);
  for (const Holding& holding : seen.holdings)
    if (seen.processes.contains(holding.process))
      grouping.OfProcess(holding.process).holdings.push_back(holding);
  for (const ProcessId& process : registered.processes)
    if (seen.processes.contains(process)) grouping.OfProcess(process).asked_for = true;
  for (const UnitRef& service : registered.services)
    if (const UnitFacts* unit = FindUnit(seen, service); unit && IsUp(*unit))
      grouping.OfUnit(unit->ref).asked_for = true;

  std::vector<App> apps = grouping.Take();
  for (App& app : apps) {
    const UnitFacts* unit = app.unit ? FindUnit(seen, *app.unit) : nullptr;
    Describe(app, unit, seen);
    app.only_directories =
        !app.asked_for && std::all_of(app.holdings.begin(), app.holdings.end(), [](const auto& h) {
          return h.kind == HoldKind::kWorkingDirectory || h.kind == HoldKind::kRootDirectory;
        });
    app.answers = Answers(app, seen);
    app.type = TypeOf(app, seen);
    if (auto critical = WhyCritical(app, unit, seen, onlooker)) {
      app.type = AppType::kCritical;
      app.reasons = critical->reason;
      app.why_not_stoppable = critical->why;
    }
    app.why_type = WhyType(app, seen);
    if (const auto captured = seen.captured.find(app.main); captured != seen.captured.end())
      app.cannot_restore = captured->second.cannot_restore;
    if (unit && app.is_service())
      if (std::string ended = EndedAlong(app, *unit); !ended.empty())
        app.cannot_restore.push_back(std::move(ended));
    // It comes back all the same: its user can start it anew after the logout.
    if (const auto sooner = seen.ends_sooner.find(app.main); sooner != seen.ends_sooner.end())
      app.cannot_restore.push_back(sooner->second);
  }
  for (App& app : apps) DecideComeBack(app, apps, seen, relaunch);
  for (App& app : apps) FollowParent(app, apps, seen);
  for (App& app : AppsOfKernel(seen.kernel_uses)) apps.push_back(std::move(app));
  std::sort(apps.begin(), apps.end(), [](const App& a, const App& b) {
    return std::tuple(StopRank(a), a.main, a.name) < std::tuple(StopRank(b), b.main, b.name);
  });
  return apps;
}

void ApplyFilters(const std::vector<Filter>& filters, std::vector<App>& apps) {
  for (App& app : apps) {
    app.status &= ~(kStatusShutdownMasked | kStatusRestartMasked);
    for (const Filter& filter : filters) {
      if (!Hits(filter, app)) continue;
      app.status |= kStatusRestartMasked;
      if (filter.action == FilterAction::kNoShutdown) app.status |= kStatusShutdownMasked;
    }
    if (app.stays) app.status |= kStatusShutdownMasked | kStatusRestartMasked;
  }
}

uint32_t RebootReasons(const std::vector<App>& apps) {
  uint32_t reasons = 0;
  for (const App& app : apps)
    if (!app.only_directories && !(app.status & kStatusShutdownMasked) &&
        (app.status & kStatusRunning))
      reasons |= app.reasons;
  return reasons;
}

}  // namespace rm
