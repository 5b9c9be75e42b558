// The Rmx functions that return structures.
#include <restartmanager.h>
#include <restartmanagerx.h>

#include <utility>
#include <vector>

#include "abi/answer.h"
#include "abi/app_answer.h"
#include "abi/call.h"
#include "abi/convert.h"
#include "abi/handles.h"
#include "abi/runtime.h"

namespace rm {
namespace {

RMX_APP_LIST* ToAppList(const AppList& list, int64_t boot_us) {
  auto answer = std::make_unique<OwnedAnswer<RMX_APP_LIST>>();
  RMX_APP_LIST& top = answer->top();
  top.cbSize = sizeof top;
  top.cbApp = sizeof(RMX_APP);
  std::vector<RMX_APP> apps;
  for (const App& app : list.apps) apps.push_back(ToApp(*answer, app, list.files, boot_us));
  top.nApps = static_cast<UINT>(apps.size());
  top.rgApps = answer->Keep(std::move(apps));
  top.dwRebootReasons = list.reasons;
  auto unreadable = ToPids(list.unreadable);
  top.nUnreadable = static_cast<UINT>(unreadable.size());
  top.rgUnreadable = answer->Keep(std::move(unreadable));
  auto unanswered = ToPids(list.unanswered);
  top.nUnanswered = static_cast<UINT>(unanswered.size());
  top.rgUnanswered = answer->Keep(std::move(unanswered));
  auto in_flight = ToPids(list.in_flight);
  top.nInFlight = static_cast<UINT>(in_flight.size());
  top.rgInFlight = answer->Keep(std::move(in_flight));
  auto unreachable = KeepAll(*answer, list.unreachable);
  top.nUnreachable = static_cast<UINT>(unreachable.size());
  top.rgUnreachable = answer->Keep(std::move(unreachable));
  return Release(std::move(answer));
}

std::string HowItComesBack(const App& app) {
  if (app.status & kStatusRestartMasked) return "a filter keeps it from being restarted";
  const std::string but = app.cannot_restore.empty() ? "" : ", but: " + app.cannot_restore.front();
  switch (app.come_back) {
    case ComeBack::kService:
      return "its service manager starts it again" + but;
    case ComeBack::kRegistered:
      return "it is started again as it registered";
    case ComeBack::kRelaunched:
      return "it is started again as it was" + but;
    case ComeBack::kWithParent:
      return app.why_not_back;
    case ComeBack::kNot:
      break;
  }
  return "it is not started again: " + app.why_not_back;
}

RMX_PLAN* ToPlan(const StopPlan& plan) {
  auto answer = std::make_unique<OwnedAnswer<RMX_PLAN>>();
  RMX_PLAN& top = answer->top();
  top.cbSize = sizeof top;
  top.cbStep = sizeof(RMX_STEP);
  std::vector<RMX_STEP> steps;
  const auto add = [&](UINT wave, const char* act, const App& app, const std::string& how) {
    steps.push_back(RMX_STEP{wave, act, answer->Keep(app.name),
                             answer->Keep(app.unit ? ToString(*app.unit) : ""),
                             static_cast<DWORD>(app.main.pid), answer->Keep(how)});
  };
  for (UINT wave = 0; wave < plan.waves.size(); ++wave)
    for (size_t app : plan.waves[wave].apps)
      add(wave, "stop", plan.apps[app],
          HowItStops(plan.apps[app]) + "; " + HowItComesBack(plan.apps[app]));
  for (const App& app : plan.apps) {
    if (!(app.status & kStatusRunning)) continue;
    const auto last = static_cast<UINT>(plan.waves.size());
    if (app.stays)
      add(last, "skip", app, app.why_not_back);
    else if (app.status & kStatusShutdownMasked)
      add(last, "skip", app, "a filter keeps it from being stopped");
    else if (app.only_directories)
      add(last, "skip", app, "it only has its working or root directory there");
    else if (app.type == AppType::kCritical)
      add(last, "skip", app, app.why_not_stoppable);
  }
  top.nSteps = static_cast<UINT>(steps.size());
  top.rgSteps = answer->Keep(std::move(steps));
  top.dwRefusal = plan.refusal;
  top.szWhyRefused = answer->Keep(plan.why_refused);
  auto held = KeepAll(*answer, ToStrings(plan.held));
  top.nHeld = static_cast<UINT>(held.size());
  top.rgHeld = answer->Keep(std::move(held));
  return Release(std::move(answer));
}

RMX_UNIT* ToUnit(const UnitFacts& facts) {
  auto answer = std::make_unique<OwnedAnswer<RMX_UNIT>>();
  RMX_UNIT& top = answer->top();
  top.cbSize = sizeof top;
  top.szUnit = answer->Keep(ToString(facts.ref));
  top.szDescription = answer->Keep(facts.description);
  top.szLoadState = answer->Keep(facts.load_state);
  top.szActiveState = answer->Keep(facts.active_state);
  top.dwMainProcessId = static_cast<DWORD>(facts.main_pid);
  return Release(std::move(answer));
}

RMX_SESSION_LIST* ToSessions(const std::vector<SessionState>& states, Machine& machine,
                             int64_t boot_us) {
  auto answer = std::make_unique<OwnedAnswer<RMX_SESSION_LIST>>();
  RMX_SESSION_LIST& top = answer->top();
  top.cbSize = sizeof top;
  top.cbSession = sizeof(RMX_SESSION);
  std::vector<RMX_SESSION> sessions;
  for (const SessionState& state : states) {
    RMX_SESSION session{};
    session.szName = answer->Keep(state.record.name);
    session.Owner = ToUnique(state.record.owner, boot_us);
    session.bOwnerAlive = machine.IsAlive(state.record.owner);
    session.Started = ToFileTime(state.record.started_us);
    session.nFiles = static_cast<UINT>(state.registered.files.size());
    session.nProcesses = static_cast<UINT>(state.registered.processes.size());
    session.nServices = static_cast<UINT>(state.registered.services.size());
    std::vector<std::string> owed;
    std::vector<DWORD> pids;
    for (const Debt& debt : state.debts) {
      if (!IsOwed(debt)) continue;
      owed.push_back(debt.unit ? ToString(*debt.unit) : debt.app_name);
      pids.push_back(debt.process ? static_cast<DWORD>(debt.process->was.pid) : 0);
    }
    auto names = KeepAll(*answer, owed);
    session.nOwed = static_cast<UINT>(names.size());
    session.rgOwed = answer->Keep(std::move(names));
    session.rgOwedProcessIds = answer->Keep(std::move(pids));
    sessions.push_back(session);
  }
  top.nSessions = static_cast<UINT>(sessions.size());
  top.rgSessions = answer->Keep(std::move(sessions));
  return Release(std::move(answer));
}

}  // namespace
}  // namespace rm

using namespace rm;

DWORD WINAPI RmxGetApps(DWORD dwSessionHandle, RMX_APP_LIST** ppList) {
  return Call([&]() -> Result<void> {
    if (!ppList) return Fail(kBadArguments, "RmxGetApps needs a place for the list");
    auto open = Handles().Get(dwSessionHandle);
    if (!open) return Pass(std::move(open));
    auto list = open->session->List(true);
    if (!list) return Pass(std::move(list));
    *ppList = ToAppList(*list, open->boot_us);
    return {};
  });
}

DWORD WINAPI RmxGetPlan(DWORD dwSessionHandle, ULONG lActionFlags, RMX_PLAN** ppPlan) {
  return Call([&]() -> Result<void> {
    if (!ppPlan) return Fail(kBadArguments, "RmxGetPlan needs a place for the plan");
    if (lActionFlags & ~ULONG{RmForceShutdown | RmShutdownOnlyRegistered})
      return Fail(kBadArguments, "0x{:x} is no RM_SHUTDOWN_TYPE", lActionFlags);
    auto open = Handles().Get(dwSessionHandle);
    if (!open) return Pass(std::move(open));
    StopOptions options;
    options.force = lActionFlags & RmForceShutdown;
    options.only_registered = lActionFlags & RmShutdownOnlyRegistered;
    auto plan = open->session->Plan(options);
    if (!plan) return Pass(std::move(plan));
    *ppPlan = ToPlan(*plan);
    return {};
  });
}

DWORD WINAPI RmxDescribeUnit(const char* szName, RMX_UNIT** ppUnit) {
  return Call([&]() -> Result<void> {
    if (!szName || !ppUnit) return Fail(kBadArguments, "RmxDescribeUnit needs a name and a place");
    auto unit = ParseUnitRef(szName);
    if (!unit) return Fail(kBadArguments, "\"{}\" is not the name of a service", szName);
    auto machine = OpenMachine();
    if (!machine) return Pass(std::move(machine));
    auto facts = (*machine)->DescribeUnit(*unit);
    if (!facts) return Fail(kWriteFault, "{}", facts.error().message);
    *ppUnit = ToUnit(*facts);
    return {};
  });
}

DWORD WINAPI RmxGetSessions(RMX_SESSION_LIST** ppList) {
  return Call([&]() -> Result<void> {
    if (!ppList) return Fail(kBadArguments, "RmxGetSessions needs a place for the list");
    auto backing = OpenBacking();
    if (!backing) return Pass(std::move(backing));
    auto machine = OpenMachine();
    if (!machine) return Pass(std::move(machine));
    if (auto adopted = backing->store->AdoptEarlier(); !adopted) return Pass(std::move(adopted));
    auto states = backing->store->All();
    if (!states) return Pass(std::move(states));
    *ppList = ToSessions(*states, **machine, backing->boot_us);
    return {};
  });
}

void WINAPI RmxFree(void* p) { FreeAnswer(p); }
