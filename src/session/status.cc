#include "session/status.h"

namespace rm {
namespace {

constexpr uint32_t kEnded = kStatusStopped | kStatusStoppedOther;
constexpr uint32_t kMasks = kStatusShutdownMasked | kStatusRestartMasked;

}  // namespace

std::vector<App> MergeSeen(std::vector<App> now, const std::vector<App>& before,
                           const std::function<bool(const ProcessId&)>& alive) {
  const size_t present = now.size();
  for (const App& old : before) {
    bool same_process = false;
    bool same_owner = false;
    for (size_t i = 0; i < present; ++i) {
      if (!SameOwner(now[i], old)) continue;
      same_owner = true;
      if (now[i].main != old.main) continue;
      same_process = true;
      now[i].status |= old.status & kStatusErrorOnStop;
    }
    if (same_process) continue;
    App gone = old;
    if ((gone.status & kEnded) == 0) {
      if (same_owner || alive(gone.main)) continue;
      gone.status = (gone.status & kMasks) | kStatusStoppedOther;
    }
    gone.status &= ~uint32_t{kStatusRunning};
    now.push_back(std::move(gone));
  }
  return now;
}

}  // namespace rm
