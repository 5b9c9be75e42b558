#include "inspect/critical.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace rm {
namespace {

// "Critical system services" of Microsoft's documentation, and what Wine has in their place.
constexpr std::array<std::string_view, 11> kCriticalPrograms = {
    "smss.exe",     "csrss.exe",    "wininit.exe", "logonui.exe",    "lsass.exe", "services.exe",
    "winlogon.exe", "plugplay.exe", "rpcss.exe",   "winedevice.exe", "system"};
constexpr std::array<std::string_view, 5> kCriticalServices = {
    "rpcss.service", "dcomlaunch.service", "plugplay.service", "lsm.service", "samss.service"};

bool Contains(const auto& list, const auto& value) {
  return std::find(list.begin(), list.end(), value) != list.end();
}

std::string Lower(std::string_view text) {
  std::string lower(text);
  for (char& c : lower)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return lower;
}

bool IsCaller(const App& app, const Onlooker& onlooker) {
  return std::any_of(app.processes.begin(), app.processes.end(), [&](const ProcessId& process) {
    return process == onlooker.self || Contains(onlooker.ancestors, process);
  });
}

}  // namespace

std::optional<Verdict> WhyCritical(const App& app, const UnitFacts* unit, const Observation& seen,
                                   const Onlooker& onlooker) {
  if (IsCaller(app, onlooker)) return Verdict{kReasonDetectedSelf, "it is the installer itself"};
  if (app.is_service()) {
    if (Contains(kCriticalServices, Lower(app.unit->name)))
      return Verdict{kReasonCriticalService, "the machine cannot go on without it"};
    if (unit && !unit->can_stop)
      return Verdict{kReasonPermissionDenied, "the caller may not stop this service"};
  }
  for (const ProcessId& id : app.processes) {
    const auto found = seen.processes.find(id);
    if (found == seen.processes.end()) continue;
    const ProcessFacts& process = found->second;
    const std::string path = Lower(process.executable.empty() ? process.name : process.executable);
    if (Contains(kCriticalPrograms, path.substr(path.rfind('\\') + 1)))
      return Verdict{app.is_service() ? kReasonCriticalService : kReasonCriticalProcess,
                     "the machine cannot go on without it"};
    if (app.is_service()) continue;
    if (process.other_pid_namespace)
      return Verdict{kReasonSessionMismatch, "it belongs to another session"};
    if (process.uid != onlooker.uid)
      return Verdict{kReasonPermissionDenied, "the caller may not end it"};
  }
  return std::nullopt;
}

}  // namespace rm
