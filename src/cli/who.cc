#include <unistd.h>

#include <algorithm>
#include <restartmanager.hpp>

#include "cli/commands.h"
#include "cli/exit_codes.h"
#include "cli/json.h"
#include "cli/output.h"
#include "cli/targets.h"
#include "cli/text.h"

namespace rm::cli {
namespace {

// Who asks is gone when the answer is read.
void DropSelf(api::AppList& list) {
  const auto self = static_cast<DWORD>(getpid());
  std::erase_if(list.apps, [self](const api::App& app) {
    return app.unit.empty() && app.main.dwProcessId == self;
  });
}

RMX_BACKEND BackendNamed(const std::string& name) {
  if (name == "proc") return RmxBackendProc;
  return name == "bpf" ? RmxBackendBpf : RmxBackendAuto;
}

api::Result<api::AppList> Look(const WhoOptions& options) {
  auto targets = ResolveTargets(options.targets, Missing::kIsError);
  if (!targets) return targets.error();
  auto session = api::Session::Start();
  if (!session) return session.error();
  if (auto done = Register(*session, *targets); !done) return done.error();
  if (auto done = session->SetOption(RmxOptionBackend, BackendNamed(options.backend)); !done)
    return done.error();
  // Tells who could be brought back if it were asked for.
  if (auto done = session->SetOption(RmxOptionRelaunch, 1); !done) return done.error();
  auto list = session->Apps();
  if (!list) return list;
  DropSelf(*list);
  // That is how a relaunch would leave somebody alone, and here is none.
  for (api::App& app : list->apps)
    app.status &= ~ULONG{RmStatusShutdownMasked | RmStatusRestartMasked};
  return list;
}

}  // namespace

int Who(const WhoOptions& options) {
  const auto list = Look(options);
  if (!list) {
    Complain("{}", list.error().text);
    return kExitWhoFailed;
  }
  if (options.json) {
    Answer(AppsJson(*list) + "\n");
  } else {
    for (const api::App& app : list->apps) Answer(AppLine(app) + "\n");
    if (list->apps.empty()) Complain("nobody uses it");
    for (const std::string& line : BlindSpots(*list, geteuid() == 0)) Complain("{}", line);
  }
  return list->apps.empty() ? kExitNobody : 0;
}

}  // namespace rm::cli
