#include "plan/stop_plan.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>

#include "base/win32_codes.h"

namespace rm {
namespace {

bool IsAffected(const App& app) { return (app.status & kStatusRunning) && !app.only_directories; }
bool MayStop(const App& app) { return IsAffected(app) && !(app.status & kStatusShutdownMasked); }
bool MayRestart(const App& app) { return !(app.status & kStatusRestartMasked); }

size_t WaveOf(AppType type) {
  switch (type) {
    case AppType::kMainWindow:
    case AppType::kOtherWindow:
      return 0;
    case AppType::kService:
      return 2;
    case AppType::kExplorer:
      return 3;
    default:
      return 1;
  }
}

template <class T>
bool Contains(const std::vector<T>& list, const T& value) {
  return std::find(list.begin(), list.end(), value) != list.end();
}

template <class T>
void AddOnce(std::vector<T>& list, const T& value) {
  if (!Contains(list, value)) list.push_back(value);
}

void OweUnit(StopPlan& plan, const UnitRef& unit, const std::string& name) {
  AddOnce(plan.held, unit);
  for (const Debt& debt : plan.debts)
    if (debt.unit == unit) return;
  Debt debt;
  debt.unit = unit;
  debt.app_name = name;
  debt.state = DebtState::kPlanned;
  plan.debts.push_back(std::move(debt));
}

void OweProcess(StopPlan& plan, const App& app, const ComeBackSources& sources) {
  const auto captured = sources.captured.find(app.main);
  if (captured == sources.captured.end()) return;
  Debt debt;
  debt.process = captured->second;
  debt.app_name = app.name;
  debt.state = DebtState::kPlanned;
  if (app.come_back == ComeBack::kRegistered) {
    const auto registered = sources.registered.find(app.main);
    if (registered == sources.registered.end()) return;
    debt.process->arguments = {debt.process->executable};
    const auto& extra = registered->second.arguments;
    debt.process->arguments.insert(debt.process->arguments.end(), extra.begin(), extra.end());
  }
  plan.debts.push_back(std::move(debt));
}

// Has a filter set this mask on the unit, should that be affected itself?
bool IsMasked(const std::vector<App>& apps, const UnitRef& unit, Status mask) {
  return std::any_of(apps.begin(), apps.end(),
                     [&](const App& app) { return app.unit == unit && (app.status & mask); });
}

void Owe(StopPlan& plan, const App& app, const ComeBackSources& sources) {
  if (!MayRestart(app)) return;
  if (app.come_back == ComeBack::kService) {
    OweUnit(plan, *app.unit, app.name);
    for (const UnitRef& unit : app.goes_along)
      if (!IsMasked(plan.apps, unit, kStatusRestartMasked)) OweUnit(plan, unit, unit.name);
  } else if (app.come_back == ComeBack::kRegistered || app.come_back == ComeBack::kRelaunched) {
    OweProcess(plan, app, sources);
  }
}

std::string Label(const App& app) {
  return app.unit ? ToString(*app.unit) : fmt::format("{} (pid {})", app.name, app.main.pid);
}

void Refuse(StopPlan& plan, uint32_t code, std::string why) {
  if (plan.refusal != 0) return;
  plan.refusal = code;
  plan.why_refused = std::move(why);
}

void CheckRefusals(StopPlan& plan, const ComeBackSources& sources, const StopOptions& options) {
  for (const App& app : plan.apps)
    if (MayStop(app) && app.reasons != 0)
      Refuse(plan, kFailNoActionReboot,
             fmt::format("{} cannot be stopped: {}", Label(app), app.why_not_stoppable));
  for (const App& app : plan.apps) {
    if (!MayStop(app)) continue;
    if (options.only_registered && app.come_back == ComeBack::kNot)
      Refuse(plan, kFailShutdown,
             fmt::format("{} would not come back: {}", Label(app), app.why_not_back));
    for (const UnitRef& unit : app.goes_along)
      if (Contains(sources.kept, unit) || IsMasked(plan.apps, unit, kStatusShutdownMasked))
        Refuse(
            plan, kFailShutdown,
            fmt::format("{} would take {} down, which a filter keeps", Label(app), ToString(unit)));
    if (!options.force && app.type == AppType::kUnknown)
      Refuse(plan, kFailShutdown,
             fmt::format("{} cannot be asked to leave (it ignores or blocks SIGTERM); only force "
                         "ends it",
                         Label(app)));
  }
}

}  // namespace

StopPlan PlanStop(std::vector<App> apps, const ComeBackSources& sources,
                  const StopOptions& options) {
  StopPlan plan;
  plan.apps = std::move(apps);
  std::array<StopWave, 4> waves{StopWave{"windows", {}}, StopWave{"consoles", {}},
                                StopWave{"services", {}}, StopWave{"shell", {}}};
  for (size_t i = 0; i < plan.apps.size(); ++i) {
    const App& app = plan.apps[i];
    if (!MayStop(app)) continue;
    plan.reasons |= app.reasons;
    if (app.type == AppType::kCritical) continue;
    waves[WaveOf(app.type)].apps.push_back(i);
    Owe(plan, app, sources);
  }
  for (StopWave& wave : waves)
    if (!wave.apps.empty()) plan.waves.push_back(std::move(wave));
  for (const UnitRef& service : sources.services)
    if (!Contains(sources.kept, service) && !IsMasked(plan.apps, service, kStatusShutdownMasked))
      AddOnce(plan.held, service);
  CheckRefusals(plan, sources, options);
  return plan;
}

std::vector<size_t> DebtsOf(const StopPlan& plan, size_t app_index) {
  const App& app = plan.apps[app_index];
  std::vector<size_t> found;
  for (size_t i = 0; i < plan.debts.size(); ++i) {
    const Debt& debt = plan.debts[i];
    const bool own = debt.unit ? debt.unit == app.unit : debt.process->was == app.main;
    const bool along = debt.unit && Contains(app.goes_along, *debt.unit);
    if (own || along) found.push_back(i);
  }
  return found;
}

}  // namespace rm
