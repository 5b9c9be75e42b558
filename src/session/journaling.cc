#include "session/journaling.h"

#include <algorithm>
#include <new>
#include <utility>

namespace rm {
namespace {

// More calls than that are told as one, before the next act.
constexpr size_t kMostRegistrations = 50;

std::vector<std::string> HeldFiles(const App& app, const std::vector<std::string>& files) {
  std::set<std::string> held;
  for (const Holding& holding : app.holdings) held.insert(HeldPath(holding, files));
  held.erase("");
  return {held.begin(), held.end()};
}

bool Meant(const Event& event, const App& app) {
  return event.process.pid != 0 ? app.main == event.process : app.unit == event.unit;
}

std::optional<JournalEvent> AsJournalEvent(EventKind kind) {
  switch (kind) {
    case EventKind::kStopping:
      return JournalEvent::kStopping;
    case EventKind::kStopFailed:
      return JournalEvent::kStopFailed;
    case EventKind::kRestarting:
      return JournalEvent::kRestarting;
    case EventKind::kRestartFailed:
      return JournalEvent::kRestartFailed;
    case EventKind::kGivenUp:
      return JournalEvent::kGivenUp;
    default:
      return std::nullopt;
  }
}

// What was done is done, whether or not there is memory to tell of it.
template <class Tell>
void Quietly(Tell tell) noexcept {
  try {
    tell();
  } catch (const std::bad_alloc&) {
  }
}

// A unit that is stopped and started with another one: nothing else is known of it.
App OnlyUnit(const UnitRef& unit) {
  App app;
  app.unit = unit;
  app.name = unit.name;
  app.type = unit.name.ends_with(".service") ? AppType::kService : AppType::kUnknown;
  return app;
}

}  // namespace

Journaling::Journaling(JournalSink sink, const SessionRecord& record, Begin begin,
                       uint64_t unspoken)
    : sink_(std::move(sink)),
      session_{record.index, record.name, record.started_us},
      begin_(begin),
      unspoken_(unspoken) {
  if (begin_ == Begin::kNow) Act(SessionBegins(session_, unspoken_));
}

void Journaling::Registered(const Registration& batch) {
  if (begin_ == Begin::kWhenItActs || ++registrations_ > kMostRegistrations) {
    untold_.files += batch.files.size();
    untold_.processes += batch.processes.size();
    untold_.services += batch.services.size();
    return;
  }
  Quietly([&] {
    Speak(ResourcesRegistered(
        session_, {batch.files.size(), batch.processes.size(), batch.services.size(), batch}));
  });
}

void Journaling::RebootNeeded(const std::vector<App>& apps, uint32_t reasons) {
  Quietly([&] { TellReboot(apps, reasons); });
}

void Journaling::TellReboot(const std::vector<App>& apps, uint32_t reasons) {
  std::vector<App> in_the_way;
  std::string told;
  for (const App& app : apps) {
    if (app.reasons == 0 || app.only_directories || (app.status & kStatusShutdownMasked) ||
        !(app.status & kStatusRunning))
      continue;
    in_the_way.push_back(app);
    told += fmt::format("{} {} {};", app.main.pid, app.main.start_ticks, app.reasons);
  }
  if (std::exchange(reboot_told_, told) == told) return;
  Act(rm::RebootNeeded(session_, in_the_way, reasons));
}

void Journaling::WillNotComeBack(const StopPlan& plan) {
  for (const StopWave& wave : plan.waves) {
    for (size_t number : wave.apps) {
      const App& app = plan.apps[number];
      // A filter says that it is not to come back, or it was told at an earlier try.
      if (app.come_back != ComeBack::kNot ||
          (app.status & (kStatusRestartMasked | kStatusErrorOnStop)))
        continue;
      Quietly([&] {
        if (!not_back_told_.insert(app.main).second) return;
        Act(AppEvent(JournalEvent::kCannotComeBack, session_, app, {}, app.why_not_back));
      });
    }
  }
}

EventSink Journaling::Listening(const std::vector<App>& apps, std::vector<std::string> files,
                                EventSink next) {
  if (!sink_) return next;
  return [this, &apps, files = std::move(files), next = std::move(next),
          along = std::set<UnitRef>()](const Event& event) mutable {
    Quietly([&] { Hear(event, apps, files, along); });
    if (next) next(event);
  };
}

void Journaling::Hear(const Event& event, const std::vector<App>& apps,
                      const std::vector<std::string>& files, std::set<UnitRef>& along) {
  const auto what = AsJournalEvent(event.kind);
  if (!what) return;
  const auto app = std::find_if(apps.begin(), apps.end(),
                                [&](const App& candidate) { return Meant(event, candidate); });
  if (app == apps.end()) {
    App other = event.unit ? OnlyUnit(*event.unit) : App{};
    if (!event.unit) other.name = event.name;
    other.main = event.process;
    Act(AppEvent(*what, session_, other, {}, event.text));
    return;
  }
  Act(AppEvent(*what, session_, *app, HeldFiles(*app, files), event.text));
  if (*what != JournalEvent::kStopping) return;
  for (const UnitRef& unit : app->goes_along) {
    const bool itself =
        std::any_of(apps.begin(), apps.end(), [&](const App& other) { return other.unit == unit; });
    if (itself || !along.insert(unit).second) continue;
    Act(AppEvent(JournalEvent::kStopping, session_, OnlyUnit(unit), {},
                 "it is stopped with " + ToString(*app->unit)));
  }
}

void Journaling::Trouble(const std::string& sentence) {
  Quietly([&] { Act(InternalError(&session_, sentence)); });
}

void Journaling::Ends() {
  if (begin_ != Begin::kWhenItActs) Quietly([&] { Act(SessionEnds(session_)); });
}

void Journaling::TellUntold() {
  const RegisteredCounts counts = std::exchange(untold_, {});
  if (counts.files + counts.processes + counts.services != 0)
    Speak(ResourcesRegistered(session_, counts));
}

void Journaling::Act(const JournalRecord& record) {
  if (std::exchange(begin_, Begin::kHeard) == Begin::kWhenItActs)
    Speak(SessionBegins(session_, unspoken_));
  TellUntold();
  Speak(record);
}

void Journaling::Speak(const JournalRecord& record) {
  if (sink_) sink_(record);
}

}  // namespace rm
