// How does an app look in an answer of the Rmx functions?
#pragma once

#include <restartmanagerx.h>

#include <string>
#include <utility>
#include <vector>

#include "abi/answer.h"
#include "abi/convert.h"
#include "model/app.h"

namespace rm {

template <class Top>
std::vector<const char*> KeepAll(OwnedAnswer<Top>& answer, const std::vector<std::string>& texts) {
  std::vector<const char*> kept;
  for (const std::string& text : texts) kept.push_back(answer.Keep(text));
  return kept;
}

inline std::vector<std::string> ToStrings(const std::vector<UnitRef>& units) {
  std::vector<std::string> names;
  for (const UnitRef& unit : units) names.push_back(ToString(unit));
  return names;
}

inline std::vector<DWORD> ToPids(const std::vector<ProcessId>& processes) {
  std::vector<DWORD> pids;
  for (const ProcessId& process : processes) pids.push_back(static_cast<DWORD>(process.pid));
  return pids;
}

inline std::string HowItStops(const App& app) {
  if (app.type == AppType::kCritical) return "it is not stopped";
  if (app.is_service()) return "its service manager stops it";
  if (app.type == AppType::kUnknown) return "it cannot be asked: it would be killed";
  if (app.answers) return "it is asked, and may refuse";
  if (app.type == AppType::kMainWindow || app.type == AppType::kOtherWindow)
    return "its windows are asked to close";
  return "SIGTERM";
}

// `files`: the registered paths.
template <class Top>
RMX_APP ToApp(OwnedAnswer<Top>& answer, const App& app, const std::vector<std::string>& files,
              int64_t boot_us) {
  RMX_APP out{};
  out.Info = ToInfo(app, boot_us);
  out.szName = answer.Keep(app.name);
  out.szUnit = answer.Keep(app.unit ? ToString(*app.unit) : "");
  out.szExecutable = answer.Keep(app.executable);
  out.ComeBack = static_cast<RMX_COME_BACK>(app.come_back);
  out.dwRebootReasons = app.reasons;
  out.bListed = !app.only_directories;
  out.szWhyNotStoppable = answer.Keep(app.why_not_stoppable);
  out.szWhyNotBack = answer.Keep(app.why_not_back);
  std::vector<RM_UNIQUE_PROCESS> processes;
  for (const ProcessId& process : app.processes) processes.push_back(ToUnique(process, boot_us));
  out.nProcesses = static_cast<UINT>(processes.size());
  out.rgProcesses = answer.Keep(std::move(processes));
  std::vector<RMX_HOLDING> holdings;
  for (const Holding& holding : app.holdings) {
    RMX_HOLDING held{};
    held.Process = ToUnique(holding.process, boot_us);
    held.Kind = static_cast<RMX_HOLD_KIND>(holding.kind);
    held.nDescriptor = holding.fd;
    held.bPreviousContent = holding.previous_content;
    held.szPath = answer.Keep(HeldPath(holding, files));
    holdings.push_back(held);
  }
  out.nHoldings = static_cast<UINT>(holdings.size());
  out.rgHoldings = answer.Keep(std::move(holdings));
  out.szWhyType = answer.Keep(app.why_type);
  out.szHowStopped = answer.Keep(HowItStops(app));
  auto lacks = KeepAll(answer, app.cannot_restore);
  out.nCannotRestore = static_cast<UINT>(lacks.size());
  out.rgCannotRestore = answer.Keep(std::move(lacks));
  out.Outcome = static_cast<RMX_OUTCOME>(app.outcome);
  auto along = KeepAll(answer, ToStrings(app.goes_along));
  out.nGoesAlong = static_cast<UINT>(along.size());
  out.rgGoesAlong = answer.Keep(std::move(along));
  return out;
}

}  // namespace rm
