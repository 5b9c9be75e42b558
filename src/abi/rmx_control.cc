// The Rmx functions that change something, or tell about the last failure.
#include <fmt/format.h>
#include <restartmanager.h>
#include <restartmanagerx.h>
#include <unistd.h>

#include <string>
#include <utility>

#include "abi/call.h"
#include "abi/calling_back.h"
#include "abi/convert.h"
#include "abi/handles.h"
#include "abi/last_error.h"
#include "abi/runtime.h"
#include "base/user_name.h"
#include "journal/socket.h"
#include "session/give_up.h"
#include "session/recover.h"

namespace rm {
namespace {

// `session`: that tells of it; NULL where there is none.
EventSink AsSink(RMX_OBSERVER observer, void* context, const Session* session) {
  if (!observer) return {};
  return [observer, context, session](const Event& event) {
    const std::string unit = event.unit ? ToString(*event.unit) : "";
    RMX_EVENT out{};
    out.cbSize = sizeof out;
    out.Kind = static_cast<RMX_EVENT_KIND>(event.kind);
    out.nPercentComplete = event.percent;
    out.dwProcessId = static_cast<DWORD>(event.process.pid);
    out.szName = event.name.c_str();
    out.szUnit = unit.c_str();
    out.szText = event.text.c_str();
    const CallingBack calling(session);
    observer(&out, context);
  };
}

// For people.
std::string CallerName() {
  const uid_t uid = geteuid();
  const std::string name = UserName(uid);
  return name.empty() ? fmt::format("user {}", uid) : fmt::format("user {} ({})", uid, name);
}

constexpr uint64_t kLongestLimit = uint64_t{24} * 60 * 60 * 1000;  // a day, in ms

}  // namespace
}  // namespace rm

using namespace rm;

const char* WINAPI RmxGetErrorText(void) { return LastErrorText(); }

DWORD WINAPI RmxDescribeProcess(DWORD dwProcessId, RM_UNIQUE_PROCESS* pProcess) {
  return Call([&]() -> Result<void> {
    if (!pProcess) return Fail(kBadArguments, "RmxDescribeProcess needs a place for the answer");
    auto backing = OpenBacking();
    if (!backing) return Pass(std::move(backing));
    auto machine = OpenMachine();
    if (!machine) return Pass(std::move(machine));
    auto process = (*machine)->IdentifyProcess(static_cast<pid_t>(dwProcessId));
    if (!process) return Pass(std::move(process));
    if (!*process) return Fail(kBadArguments, "there is no process {}", dwProcessId);
    *pProcess = ToUnique(**process, backing->boot_us);
    return {};
  });
}

DWORD WINAPI RmxSetOption(DWORD dwSessionHandle, RMX_OPTION Option, uint64_t ullValue) {
  return Call([&]() -> Result<void> {
    auto open = Handles().Get(dwSessionHandle);
    if (!open) return Pass(std::move(open));
    const bool is_switch = Option == RmxOptionRelaunch || Option == RmxOptionGuard;
    uint64_t most = is_switch ? 1 : kLongestLimit;
    if (Option == RmxOptionBackend) most = RmxBackendBpf;
    if (ullValue > most)
      return Fail(kBadArguments, "option {} is at most {}, not {}", static_cast<int>(Option), most,
                  ullValue);
    const Milliseconds limit(ullValue);
    Session& session = *open->session;
    switch (Option) {
      case RmxOptionRelaunch:
        session.SetOption([&](SessionOptions& options) { options.relaunch = ullValue != 0; });
        return {};
      case RmxOptionGuard:
        session.SetOption([&](SessionOptions& options) { options.guard = ullValue != 0; });
        return {};
      case RmxOptionAppTimeout:
        session.SetOption([&](SessionOptions& options) { options.limits.app = limit; });
        return {};
      case RmxOptionServiceTimeout:
        session.SetOption([&](SessionOptions& options) { options.limits.service = limit; });
        return {};
      case RmxOptionRestartTimeout:
        session.SetOption([&](SessionOptions& options) { options.limits.restart = limit; });
        return {};
      case RmxOptionQueryTimeout:
        session.SetOption([&](SessionOptions& options) { options.limits.query = limit; });
        return {};
      case RmxOptionBackend:
        session.SetOption(
            [&](SessionOptions& options) { options.backend = static_cast<Backend>(ullValue); });
        return {};
      case RmxOptionLockTimeout: {
        auto store = OpenStore(open->directory, limit);
        if (!store) return Pass(std::move(store));
        session.UseStore(std::move(*store));
        return {};
      }
    }
    return Fail(kBadArguments, "there is no option {}", static_cast<int>(Option));
  });
}

DWORD WINAPI RmxSetObserver(DWORD dwSessionHandle, RMX_OBSERVER fnObserver, void* pContext) {
  return Call([&]() -> Result<void> {
    auto open = Handles().Get(dwSessionHandle);
    if (!open) return Pass(std::move(open));
    open->session->SetEvents(AsSink(fnObserver, pContext, open->session.get()));
    return {};
  });
}

DWORD WINAPI RmxRecover(RMX_OBSERVER fnObserver, void* pContext) {
  return Call([&]() -> Result<void> {
    auto backing = OpenBacking();
    if (!backing) return Pass(std::move(backing));
    auto machine = OpenMachine();
    if (!machine) return Pass(std::move(machine));
    return Recover(*machine, backing->store, backing->directory,
                   AsSink(fnObserver, pContext, nullptr), Limits{}, ToJournal());
  });
}

DWORD WINAPI RmxGiveUp(UINT nNames, const char* const* names, DWORD dwFlags,
                       RMX_OBSERVER fnObserver, void* pContext) {
  return Call([&]() -> Result<void> {
    if (dwFlags & ~DWORD{RmxGiveUpDryRun})
      return Fail(kBadArguments, "0x{:x} is no flag of RmxGiveUp", dwFlags);
    GiveUpRequest request{{}, CallerName(), (dwFlags & RmxGiveUpDryRun) != 0};
    for (UINT i = 0; i < nNames; ++i) {
      if (!names || !names[i] || !*names[i])
        return Fail(kBadArguments, "name {} of {} is empty", i + 1, nNames);
      request.names.emplace_back(names[i]);
    }
    auto backing = OpenBacking();
    if (!backing) return Pass(std::move(backing));
    auto machine = OpenMachine();
    if (!machine) return Pass(std::move(machine));
    return GiveUp(*machine, backing->store, backing->directory, request,
                  AsSink(fnObserver, pContext, nullptr), Limits{}, ToJournal());
  });
}
