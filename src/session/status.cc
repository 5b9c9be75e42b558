#include "session/status.h"

#include <algorithm>

namespace rm {
namespace {

constexpr uint32_t kEnded = kStatusStopped | kStatusStoppedOther;
constexpr uint32_t kMasks = kStatusShutdownMasked | kStatusRestartMasked;

bool HasPreviousContent(const App& app) {
  return std::ranges::any_of(app.holdings, &Holding::previous_content);
}

// Who came later was not.
bool WasLetAlone(const App& app, const std::vector<App>& before) {
  return std::ranges::any_of(before, [&](const App& old) {
    return SameOwner(old, app) && old.main == app.main &&
           ((old.status & kStatusShutdownMasked) || old.outcome == Outcome::kDeferred);
  });
}

Outcome OutcomeOf(const App& app, const std::vector<App>& seen, const std::vector<App>& before) {
  if (app.only_directories) return Outcome::kNone;
  if (app.status & kStatusRunning) {
    if (app.status & kStatusErrorOnStop) return Outcome::kRefused;
    if (!HasPreviousContent(app)) return Outcome::kNone;
    return WasLetAlone(app, before) ? Outcome::kDeferred : Outcome::kLeftOver;
  }
  if (app.status & kStatusStoppedOther) return Outcome::kCured;
  if (app.status & kStatusRestarted) {
    // As a service has it that loads an old copy again.
    const bool again = std::ranges::any_of(seen, [&](const App& now) {
      return (now.status & kStatusRunning) && SameOwner(now, app) && HasPreviousContent(now);
    });
    return again ? Outcome::kLeftOver : Outcome::kCured;
  }
  if (app.status & kStatusRestartMasked) return Outcome::kDeferred;
  return app.come_back == ComeBack::kWithParent ? Outcome::kCured : Outcome::kFailed;
}

}  // namespace

void JudgeOutcomes(std::vector<App>& seen, const std::vector<App>& before) {
  for (App& app : seen) app.outcome = OutcomeOf(app, seen, before);
}

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
