// RmGetList, RmShutdown, RmRestart, RmCancelCurrentTask.
#include <restartmanager.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "abi/call.h"
#include "abi/calling_back.h"
#include "abi/convert.h"
#include "abi/handles.h"
#include "abi/status_call.h"

namespace rm {
namespace {

std::function<void(unsigned)> AsProgress(RM_WRITE_STATUS_CALLBACK status, const Session* session) {
  if (!status) return {};
  return [status, session](unsigned percent) {
    const CallingBack calling(session);
    CallStatus(status, percent);
  };
}

}  // namespace
}  // namespace rm

using namespace rm;

DWORD WINAPI RmGetList(DWORD dwSessionHandle, UINT* pnProcInfoNeeded, UINT* pnProcInfo,
                       RM_PROCESS_INFO rgAffectedApps[], LPDWORD lpdwRebootReasons) {
  return Call<kAccessDenied, kInvalidHandle, kBadArguments, kMoreData, kSessionCredentialConflict,
              kCancelled>([&]() -> Result<void> {
    if (!pnProcInfoNeeded || !pnProcInfo || !lpdwRebootReasons)
      return Fail(kBadArguments, "RmGetList needs places for both counts and the reboot reasons");
    if (!rgAffectedApps && *pnProcInfo != 0)
      return Fail(kBadArguments, "the list is NULL, but its capacity is not 0");
    auto open = Handles().Get(dwSessionHandle);
    if (!open) return Pass(std::move(open));
    auto list = open->session->List(false);
    if (!list && list.error().code == kAccessDenied)  // not the 5 of a directory
      return Fail(kWriteFault, "{}", list.error().message);
    if (!list) return Pass(std::move(list));
    if (list->directory_registered)
      return Fail(kAccessDenied, "a directory is registered: only files have users");
    std::vector<const App*> listed;
    for (const App& app : list->apps)
      if (!app.only_directories) listed.push_back(&app);
    // All that takes memory comes before the caller's places are touched.
    Result<void> told;
    std::vector<RM_PROCESS_INFO> infos;
    if (listed.size() > *pnProcInfo) {
      told = Fail(kMoreData, "{} applications are affected, the list has room for {}",
                  listed.size(), *pnProcInfo);
    } else {
      for (const App* app : listed) infos.push_back(ToInfo(*app, open->boot_us));
    }
    *pnProcInfoNeeded = static_cast<UINT>(listed.size());
    *lpdwRebootReasons = list->reasons;
    if (!told) return told;
    *pnProcInfo = static_cast<UINT>(infos.size());
    std::copy(infos.begin(), infos.end(), rgAffectedApps);
    return told;
  });
}

DWORD WINAPI RmShutdown(DWORD dwSessionHandle, ULONG lActionFlags,
                        RM_WRITE_STATUS_CALLBACK fnStatus) {
  return Call<kInvalidHandle, kBadArguments, kFailNoActionReboot, kFailShutdown,
              kSessionCredentialConflict, kCancelled>([&]() -> Result<void> {
    if (lActionFlags & ~ULONG{RmForceShutdown | RmShutdownOnlyRegistered})
      return Fail(kBadArguments, "0x{:x} is no RM_SHUTDOWN_TYPE", lActionFlags);
    auto open = Handles().Get(dwSessionHandle);
    if (!open) return Pass(std::move(open));
    StopOptions options;
    options.force = lActionFlags & RmForceShutdown;
    options.only_registered = lActionFlags & RmShutdownOnlyRegistered;
    return open->session->Shutdown(options, AsProgress(fnStatus, open->session.get()));
  });
}

DWORD WINAPI RmRestart(DWORD dwSessionHandle, DWORD dwRestartFlags,
                       RM_WRITE_STATUS_CALLBACK fnStatus) {
  return Call<kInvalidHandle, kBadArguments, kFailRestart, kRequestOutOfSequence,
              kSessionCredentialConflict, kCancelled>([&]() -> Result<void> {
    if (dwRestartFlags != 0) return Fail(kBadArguments, "the restart flags have to be 0");
    auto open = Handles().Get(dwSessionHandle);
    if (!open) return Pass(std::move(open));
    return open->session->Restart(AsProgress(fnStatus, open->session.get()));
  });
}

DWORD WINAPI RmCancelCurrentTask(DWORD dwSessionHandle) {
  return Call<kInvalidHandle, kSessionCredentialConflict>([&]() -> Result<void> {
    auto open = Handles().GetAnyway(dwSessionHandle);
    if (!open) return Pass(std::move(open));
    return open->session->Cancel();
  });
}

DWORD WINAPI RmReserveHeap(uintptr_t) { return ERROR_SUCCESS; }
