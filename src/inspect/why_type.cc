#include "inspect/why_type.h"

#include <fmt/core.h>

#include <algorithm>

namespace rm {
namespace {

std::string WhyService(const UnitRef& unit) {
  if (!unit.user)
    return fmt::format("its processes belong to {}, a unit of the system's service manager",
                       unit.name);
  return fmt::format("its processes belong to {}, a unit of the service manager of user {}",
                     unit.name, *unit.user);
}

bool Any(const App& app, const Observation& seen, bool ProcessFacts::*fact) {
  return std::any_of(app.processes.begin(), app.processes.end(), [&](const ProcessId& id) {
    const auto process = seen.processes.find(id);
    return process != seen.processes.end() && process->second.*fact;
  });
}

}  // namespace

std::string WhyType(const App& app, const Observation& seen) {
  switch (app.type) {
    case AppType::kService:
      return app.unit ? WhyService(*app.unit) : "";
    case AppType::kMainWindow:
      return "one of its windows is shown";
    case AppType::kOtherWindow:
      return "it has windows, none of which is shown";
    case AppType::kExplorer:
      return "it is the shell of the desktop";
    case AppType::kConsole:
      if (app.answers) return "it answers when it is asked whether it would leave";
      if (Any(app, seen, &ProcessFacts::has_terminal)) return "it has a controlling terminal";
      return "SIGTERM reaches it";
    case AppType::kUnknown:
      return Any(app, seen, &ProcessFacts::ignores_term)
                 ? "it ignores SIGTERM, has no terminal and does not answer"
                 : "it blocks SIGTERM, has no terminal and does not answer";
    case AppType::kCritical:
      return app.why_not_stoppable;
  }
  return "";
}

}  // namespace rm
