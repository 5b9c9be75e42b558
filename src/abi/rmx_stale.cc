// RmxGetStale: outdated code, of which nobody has to be told first.
#include <restartmanager.h>
#include <restartmanagerx.h>
#include <unistd.h>

#include <ctime>
#include <utility>
#include <vector>

#include "abi/answer.h"
#include "abi/app_answer.h"
#include "abi/call.h"
#include "abi/convert.h"
#include "abi/runtime.h"
#include "session/stale.h"

namespace rm {
namespace {

using StaleAnswer = OwnedAnswer<RMX_STALE_LIST>;

RMX_STALE_FILE ToFile(StaleAnswer& answer, const StaleFile& stale, int64_t boot_us) {
  RMX_STALE_FILE out{};
  out.Process = ToUnique(stale.file.process, boot_us);
  out.Freshness = static_cast<RMX_FRESHNESS>(stale.freshness);
  out.Kind = static_cast<RMX_MAPPED_KIND>(stale.file.kind);
  out.szPath = answer.Keep(stale.file.path);
  out.szMapped = answer.Keep(stale.file.mapped);
  out.szWhy = answer.Keep(stale.why);
  out.szMappedBuildId = answer.Keep(stale.file.mapped_build_id);
  out.szNamedBuildId = answer.Keep(stale.file.named_build_id);
  return out;
}

int64_t Microseconds(clockid_t clock) {
  timespec now{};
  clock_gettime(clock, &now);
  return now.tv_sec * int64_t{1'000'000} + now.tv_nsec / 1000;
}

// Who has no store, like a service that runs as a user without a login, has no other start times to
// compare with.
int64_t BootTime() {
  const auto backing = OpenBacking();
  return backing ? backing->boot_us : Microseconds(CLOCK_REALTIME) - Microseconds(CLOCK_BOOTTIME);
}

UINT Count(const StaleList& list, Freshness freshness) {
  return static_cast<UINT>(list.files[static_cast<size_t>(freshness)]);
}

RMX_STALE_LIST* ToStaleList(const StaleList& list, int64_t boot_us) {
  auto answer = std::make_unique<StaleAnswer>();
  RMX_STALE_LIST& top = answer->top();
  top.cbSize = sizeof top;
  top.cbApp = sizeof(RMX_STALE_APP);
  top.cbFile = sizeof(RMX_STALE_FILE);
  top.cbUnreadable = sizeof(RMX_UNREADABLE);
  std::vector<RMX_STALE_APP> apps;
  for (const StaleApp& stale : list.apps) {
    RMX_STALE_APP out{};
    out.pApp = answer->Keep(std::vector{ToApp(*answer, stale.app, {}, boot_us)});
    out.Cure = static_cast<RMX_CURE>(stale.cure);
    out.szCure = answer->Keep(stale.how);
    std::vector<RMX_STALE_FILE> files;
    for (const StaleFile& file : stale.files) files.push_back(ToFile(*answer, file, boot_us));
    out.nFiles = static_cast<UINT>(files.size());
    out.rgFiles = answer->Keep(std::move(files));
    apps.push_back(out);
  }
  top.nApps = static_cast<UINT>(apps.size());
  top.rgApps = answer->Keep(std::move(apps));
  top.nProcesses = static_cast<UINT>(list.processes);
  top.nStale = Count(list, Freshness::kStale);
  top.nRefreshed = Count(list, Freshness::kRefreshed);
  top.nTransient = Count(list, Freshness::kTransient);
  top.nUnknown = Count(list, Freshness::kUnknown);
  std::vector<RMX_UNREADABLE> unreadable;
  for (const UnreadableProcess& process : list.unreadable) {
    unreadable.push_back({static_cast<DWORD>(process.id.pid), answer->Keep(process.name)});
  }
  top.nUnreadable = static_cast<UINT>(unreadable.size());
  top.rgUnreadable = answer->Keep(std::move(unreadable));
  return Release(std::move(answer));
}

}  // namespace
}  // namespace rm

using namespace rm;

DWORD WINAPI RmxGetStale(DWORD dwFlags, RMX_STALE_LIST** ppList) {
  return Call([&]() -> Result<void> {
    if (!ppList) return Fail(kBadArguments, "RmxGetStale needs a place for the list");
    if (dwFlags & ~DWORD{RMX_STALE_ALL})
      return Fail(kBadArguments, "RmxGetStale knows no flag in {:#x}", dwFlags);
    auto machine = OpenMachine();
    if (!machine) return Pass(std::move(machine));
    auto self = (*machine)->IdentifyProcess(getpid());
    if (!self) return Pass(std::move(self));
    if (!*self) return Fail(kAccessDenied, "/proc does not show the calling process");
    auto list = ListStale(**machine, **self, dwFlags & RMX_STALE_ALL, {});
    if (!list) return Pass(std::move(list));
    *ppList = ToStaleList(*list, BootTime());
    return {};
  });
}
