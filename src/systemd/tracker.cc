#include "systemd/tracker.h"

#include <string.h>

#include <utility>

#include "base/win32_codes.h"
#include "systemd/properties.h"

namespace rm {
namespace {

// A user's manager could send without end: the rest is for the next Dispatch.
constexpr int kMessagesPerDispatch = 1000;

// Nor does it keep us here by jobs that it makes up.
constexpr int kMostTries = 10;

uint32_t JobNumber(const char* path) {
  const char* number = strrchr(path, '/');
  return number ? static_cast<uint32_t>(strtoul(number + 1, nullptr, 10)) : 0;
}

}  // namespace

Result<UnitState> QueryState(BusConnection& connection, const std::string& unit) {
  UnitState state;
  // Whose job has ended while it was looked at is not what it was before.
  for (int tries = 0; tries < kMostTries; ++tries) {
    Result<Properties> properties = UnitProperties(connection, unit);
    if (!properties) return Pass(std::move(properties));
    state.active_state = properties->texts["ActiveState"];
    state.sub_state = properties->texts["SubState"];
    state.invocation_id = properties->texts["InvocationID"];
    state.job = properties->numbers["Job"];
    if (state.job == 0) break;
    const std::string& job = properties->objects["Job"];
    Result<std::string> type = connection.GetString(job, kJobInterface, "JobType");
    Result<std::string> waits = type ? connection.GetString(job, kJobInterface, "State") : type;
    if (waits) {
      state.job_type = *type;
      state.job_state = *waits;
      break;
    }
    if (waits.error().code != kFileNotFound) return Pass(std::move(waits));
    state.job = 0;
  }
  if (unit.ends_with(".service")) {
    const std::string path = UnitPath(unit);
    Result<uint32_t> pid = connection.GetNumber(path, kServiceInterface, "MainPID");
    Result<std::string> result = connection.GetString(path, kServiceInterface, "Result");
    Result<std::string> status = connection.GetString(path, kServiceInterface, "StatusText");
    if (!pid) return Pass(std::move(pid));
    if (!result) return Pass(std::move(result));
    if (!status) return Pass(std::move(status));
    state.main_pid = static_cast<pid_t>(*pid);
    state.result = *result;
    state.status_text = *status;
  }
  return state;
}

Result<void> Tracker::Match(Slot& slot, const std::string& rule, const char* interface,
                            const char* member,
                            int (*handler)(sd_bus_message*, void*, sd_bus_error*)) {
  sd_bus_slot* made = nullptr;
  // The sender is known on a private socket, where messages do not name it.
  const int error = sd_bus_add_match(
      connection_.bus(), &made,
      fmt::format("type='signal',interface='{}',member='{}',{}", interface, member, rule).c_str(),
      handler, this);
  if (error < 0) {
    return Fail(kWriteFault, "The service manager's {} signals cannot be heard: {}.", member,
                strerror(-error));
  }
  slot.reset(made);
  return {};
}

Result<void> Tracker::Attach() {
  if (!connection_.lost() && attached_ == connection_.generation()) return {};
  slots_.clear();
  for (auto& [name, watched] : watched_) watched.slot.reset();
  // Subscribe also opens the connection again.
  Result<Message> subscribed =
      connection_.Call({kManagerPath, kManagerInterface, "Subscribe"}, "tell of changes");
  if (!subscribed) return Pass(std::move(subscribed));
  attached_ = connection_.generation();
  const struct {
    std::string rule;
    const char* interface;
    const char* member;
    int (*handler)(sd_bus_message*, void*, sd_bus_error*);
  } matches[] = {
      {"path_namespace='/org/freedesktop/systemd1/job'", kPropertiesInterface, "PropertiesChanged",
       OnJobChanged},
      {"path='/org/freedesktop/systemd1'", kManagerInterface, "JobNew", OnJobNew},
      {"path='/org/freedesktop/systemd1'", kManagerInterface, "JobRemoved", OnJobRemoved},
      {"path='/org/freedesktop/systemd1'", kManagerInterface, "Reloading", OnReloading},
  };
  for (const auto& match : matches) {
    Result<void> added =
        Match(slots_.emplace_back(), match.rule, match.interface, match.member, match.handler);
    if (!added) return added;
  }
  for (auto& [name, watched] : watched_) {
    Result<void> added = Subscribe(name, watched);
    if (!added) return added;
  }
  all_changed_ = true;
  return {};
}

Result<void> Tracker::Subscribe(const std::string& unit, Watched& watched) {
  // Signals name the unit by its Id, not by an alias.
  Result<std::string> id = connection_.GetString(UnitPath(unit), kUnitInterface, "Id");
  if (!id) return Pass(std::move(id));
  watched.path = UnitPath(*id);
  return Match(watched.slot, fmt::format("path='{}'", watched.path), kPropertiesInterface,
               "PropertiesChanged", OnUnitChanged);
}

Result<void> Tracker::Watch(const std::string& unit) {
  Result<void> attached = Attach();
  if (!attached) return attached;
  Watched watched;
  Result<void> subscribed = Subscribe(unit, watched);
  if (!subscribed) return subscribed;
  Result<UnitState> state = QueryState(connection_, unit);
  if (!state) return Pass(std::move(state));
  watched.state = std::move(*state);
  watched_[unit] = std::move(watched);
  return {};
}

void Tracker::Unwatch(const std::string& unit) { watched_.erase(unit); }

const UnitState& Tracker::State(const std::string& unit) const {
  static const auto& none = *new UnitState;
  const auto found = watched_.find(unit);
  return found == watched_.end() ? none : found->second.state;
}

Result<void> Tracker::WatchJobs() {
  collects_jobs_ = true;
  return Attach();
}

Result<void> Tracker::Dispatch() {
  for (int i = 0; i < kMessagesPerDispatch; ++i) {
    Result<void> attached = Attach();
    if (!attached) return attached;
    const int progress = sd_bus_process(connection_.bus(), nullptr);
    if (progress == 0) break;
    if (progress < 0 && !connection_.lost()) {
      return Fail(kWriteFault, "The service manager's signals cannot be read: {}.",
                  strerror(-progress));
    }
  }
  return Refresh();
}

Result<void> Tracker::Refresh() {
  // What changes while it is asked is for the next time.
  const bool all = std::exchange(all_changed_, false);
  const std::set<std::string> changed = std::exchange(changed_, {});
  for (auto& [name, watched] : watched_) {
    if (!all && !changed.contains(watched.path)) continue;
    Result<UnitState> state = QueryState(connection_, name);
    if (!state) {
      all_changed_ = true;
      return Pass(std::move(state));
    }
    watched.state = std::move(*state);
  }
  return {};
}

int Tracker::OnUnitChanged(sd_bus_message* message, void* self, sd_bus_error*) {
  static_cast<Tracker*>(self)->changed_.insert(sd_bus_message_get_path(message));
  return 0;
}

int Tracker::OnJobChanged(sd_bus_message* message, void* self, sd_bus_error*) {
  Tracker& tracker = *static_cast<Tracker*>(self);
  const uint32_t job = JobNumber(sd_bus_message_get_path(message));
  for (auto& [name, watched] : tracker.watched_) {
    if (watched.state.job == job) tracker.changed_.insert(watched.path);
  }
  if (!tracker.collects_jobs_) return 0;
  Properties changed;
  const char* interface = nullptr;
  if (sd_bus_message_read(message, "s", &interface) < 0 || ReadProperties(message, changed) < 0) {
    return 0;
  }
  tracker.job_events_.push_back({JobEvent::kChanged, job, "", changed.texts["State"], ""});
  return 0;
}

int Tracker::OnJobNew(sd_bus_message* message, void* self, sd_bus_error*) {
  Tracker& tracker = *static_cast<Tracker*>(self);
  uint32_t job = 0;
  const char* path = "";
  const char* unit = "";
  if (sd_bus_message_read(message, "uos", &job, &path, &unit) < 0) return 0;
  tracker.changed_.insert(UnitPath(unit));
  if (tracker.collects_jobs_) {
    tracker.job_events_.push_back({JobEvent::kNew, job, unit, "waiting", ""});
  }
  return 0;
}

int Tracker::OnJobRemoved(sd_bus_message* message, void* self, sd_bus_error*) {
  Tracker& tracker = *static_cast<Tracker*>(self);
  uint32_t job = 0;
  const char* path = "";
  const char* unit = "";
  const char* result = "";
  if (sd_bus_message_read(message, "uoss", &job, &path, &unit, &result) < 0) return 0;
  tracker.changed_.insert(UnitPath(unit));
  if (tracker.collects_jobs_) {
    tracker.job_events_.push_back({JobEvent::kRemoved, job, unit, "", result});
  }
  return 0;
}

int Tracker::OnReloading(sd_bus_message*, void* self, sd_bus_error*) {
  static_cast<Tracker*>(self)->all_changed_ = true;
  return 0;
}

}  // namespace rm
