#include "cli/exceptions.h"

#include <unistd.h>

#include <algorithm>
#include <set>

#include "cli/ancestry.h"
#include "cli/pipeline.h"
#include "cli/text.h"

namespace rm::cli {
namespace {

bool IsService(const api::App& app) { return app.unit.ends_with(".service"); }

bool NeedsReboot(const api::App& app) {
  return app.type == RmCritical || app.reboot_reasons != RmRebootReasonNone;
}

api::Result<void> Except(api::Session& session, const api::App& app) {
  if (IsService(app)) return session.AddFilter({api::Service{app.unit}, RmNoShutdown});
  for (const api::ProcessId& process : app.processes) {
    if (auto done = session.AddFilter({process, RmNoShutdown}); !done) return done;
  }
  return {};
}

}  // namespace

api::Result<api::AppList> ExceptOwnTree(api::Session& session, Critical critical) {
  std::set<DWORD> own;
  for (const Ancestor& ancestor : AncestryOf(getpid())) {
    const auto process = api::DescribeProcess(static_cast<DWORD>(ancestor.pid));
    if (!process) continue;  // has gone meanwhile
    own.insert(process->dwProcessId);
    if (auto done = session.AddFilter({*process, RmNoShutdown}); !done) return done.error();
  }
  const std::set<std::string> pipes = OwnPipes();
  const auto list = session.Apps();
  if (!list) return list.error();
  for (const api::App& app : list->apps) {
    if (app.status & RmStatusShutdownMasked) continue;
    const bool ours =
        std::any_of(app.processes.begin(), app.processes.end(), [&](const api::ProcessId& process) {
          return own.contains(process.dwProcessId) ||
                 HasPipe(static_cast<pid_t>(process.dwProcessId), pipes);
        });
    const bool leave = critical == Critical::kLeaveRunning && NeedsReboot(app);
    if (!ours && !leave) continue;
    if (auto done = Except(session, app); !done) return done.error();
  }
  return session.Apps();
}

}  // namespace rm::cli
