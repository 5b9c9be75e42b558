#include "inspect/critical.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <string_view>

namespace rm {
namespace {

// Without these the machine, or the login, does not go on: message bus, logins, the journal that
// every service writes to, devices, displays. linux.md 5, contract.md 8.
constexpr std::array<std::string_view, 16> kCriticalUnits = {"dbus.service",
                                                             "dbus-broker.service",
                                                             "systemd-logind.service",
                                                             "elogind.service",
                                                             "systemd-journald.service",
                                                             "systemd-udevd.service",
                                                             "display-manager.service",
                                                             "gdm.service",
                                                             "gdm3.service",
                                                             "lightdm.service",
                                                             "sddm.service",
                                                             "xdm.service",
                                                             "lxdm.service",
                                                             "greetd.service",
                                                             "emergency.service",
                                                             "rescue.service"};

constexpr std::array<std::string_view, 12> kCriticalPrograms = {
    "Xorg",   "Xwayland", "gnome-shell", "kwin_wayland", "kwin_x11",           "sway",
    "weston", "mutter",   "dbus-daemon", "dbus-broker",  "dbus-broker-launch", "wayfire"};

template <class List>
bool Contains(const List& list, std::string_view name) {
  return std::find(list.begin(), list.end(), name) != list.end();
}

std::string_view FileName(std::string_view path) { return path.substr(path.rfind('/') + 1); }

bool IsAncestor(const ProcessId& process, const Onlooker& onlooker) {
  return std::find(onlooker.ancestors.begin(), onlooker.ancestors.end(), process) !=
         onlooker.ancestors.end();
}

// A service that only started the caller's login (sshd, a getty) may be stopped: the login has a
// cgroup of its own. A user's service above the caller is its terminal.
bool TakesCallerAlong(const App& app, const ProcessId& process, const Onlooker& onlooker) {
  if (process == onlooker.self) return true;
  const bool login_server = app.is_service() && !app.unit->user;
  return !login_server && IsAncestor(process, onlooker);
}

std::optional<Verdict> WhySelf(const App& app, const Onlooker& onlooker) {
  if (app.unit && onlooker.owner && onlooker.owner->unit == app.unit)
    return Verdict{kReasonDetectedSelf,
                   fmt::format("the caller (pid {}) runs in it", onlooker.self.pid)};
  for (const UnitRef& unit : app.goes_along)
    if (onlooker.owner && onlooker.owner->unit == unit)
      return Verdict{kReasonDetectedSelf,
                     fmt::format("{}, in which the caller runs, would go down with it", unit.name)};
  for (const ProcessId& process : app.processes) {
    if (!TakesCallerAlong(app, process, onlooker)) continue;
    if (process == onlooker.self) return Verdict{kReasonDetectedSelf, "it is the caller itself"};
    return Verdict{kReasonDetectedSelf, "the caller was started by it and would end with it"};
  }
  return std::nullopt;
}

std::optional<Verdict> WhyUnit(const App& app, const UnitFacts* unit) {
  const bool known = unit != nullptr;
  bool critical = Contains(kCriticalUnits, app.unit->name);
  if (known)
    for (const std::string& name : unit->names)
      critical = critical || Contains(kCriticalUnits, name);
  if (critical) return Verdict{kReasonCriticalService, "the machine cannot go on without it"};
  for (const UnitRef& other : app.goes_along)
    if (Contains(kCriticalUnits, other.name))
      return Verdict{kReasonCriticalService, fmt::format("{} would go down with it", other.name)};
  if (known && !unit->ends_machine.empty())
    return Verdict{
        kReasonCriticalService,
        fmt::format("the machine, or the login, is to end with it ({})", unit->ends_machine)};
  if (known && !unit->can_stop)
    return Verdict{kReasonCriticalService, "its unit refuses to be stopped (RefuseManualStop=yes)"};
  if (known && !unit->can_start)
    return Verdict{kReasonCriticalService,
                   fmt::format("its unit could not be started again ({})",
                               unit->load_state == "loaded" ? "RefuseManualStart=yes"
                                                            : "it is " + unit->load_state)};
  return std::nullopt;
}

std::optional<Verdict> WhyProcess(const ProcessFacts& process) {
  if (process.id.pid == 1) return Verdict{kReasonCriticalProcess, "it is the init process"};
  if (process.kernel_thread) return Verdict{kReasonCriticalProcess, "it is a kernel thread"};
  const std::string_view program =
      FileName(process.executable.empty() ? process.name : process.executable);
  if (Contains(kCriticalPrograms, program))
    return Verdict{kReasonCriticalProcess, "the login session cannot go on without it"};
  if (program == "systemd" || process.name == "(sd-pam)")
    return Verdict{kReasonCriticalProcess, "it is a service manager"};
  return std::nullopt;
}

}  // namespace

std::optional<Verdict> WhyCritical(const App& app, const UnitFacts* unit, const Observation& seen,
                                   const Onlooker& onlooker) {
  if (auto self = WhySelf(app, onlooker)) return self;
  if (app.is_service()) {
    if (auto verdict = WhyUnit(app, unit)) return verdict;
    if (onlooker.uid != 0 && app.unit->user != onlooker.uid)
      return Verdict{kReasonPermissionDenied, "stopping this service needs root"};
    // By its cgroup's name alone, which could be anything.
    if (!unit)
      return Verdict{kReasonCriticalService, "its service manager does not say what it is"};
    return std::nullopt;
  }
  if (const auto owner = seen.owners.find(app.main);
      owner != seen.owners.end() && owner->second.kind == OwnerKind::kContainer)
    return Verdict{kReasonSessionMismatch,
                   "it lives in a container: stop and start that by its own tool"};
  for (const ProcessId& id : app.processes) {
    const auto found = seen.processes.find(id);
    if (found == seen.processes.end()) continue;
    const ProcessFacts& process = found->second;
    if (process.hidden)
      return Verdict{kReasonPermissionDenied, "/proc hides it: stopping it needs root"};
    if (auto verdict = WhyProcess(process)) return verdict;
    if (onlooker.uid != 0 && (process.uid != onlooker.uid || process.euid != onlooker.uid))
      return Verdict{kReasonPermissionDenied,
                     fmt::format("it belongs to uid {}: stopping it needs root", process.uid)};
    if (process.other_pid_namespace)
      return Verdict{kReasonSessionMismatch, "it lives in another pid namespace"};
  }
  return std::nullopt;
}

}  // namespace rm
