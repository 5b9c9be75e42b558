#include "systemd/manager.h"

#include <systemd/sd-daemon.h>

#include "systemd/connection.h"
#include "systemd/tracker.h"

namespace rm {

Manager::Manager() = default;
Manager::~Manager() = default;

bool Manager::Booted() { return sd_booted() > 0; }

Result<std::unique_ptr<Manager>> Manager::Connect(std::optional<uid_t> user) {
  Result<std::unique_ptr<BusConnection>> connection = BusConnection::Open(user);
  if (!connection) return Pass(std::move(connection));
  std::unique_ptr<Manager> manager(new Manager);
  manager->user_ = user;
  manager->connection_ = std::move(*connection);
  manager->tracker_ = std::make_unique<Tracker>(*manager->connection_);
  return manager;
}

Result<UnitState> Manager::Query(const std::string& unit) { return QueryState(*connection_, unit); }

int Manager::fd() const { return connection_->lost() ? -1 : sd_bus_get_fd(connection_->bus()); }

short Manager::events() const {
  const int events = connection_->lost() ? 0 : sd_bus_get_events(connection_->bus());
  return static_cast<short>(events < 0 ? 0 : events);
}

std::optional<TimePoint> Manager::deadline() const {
  if (connection_->lost() || tracker_->behind()) return Clock::now();
  uint64_t at = UINT64_MAX;  // CLOCK_MONOTONIC, as Clock
  if (sd_bus_get_timeout(connection_->bus(), &at) < 0 || at == UINT64_MAX) return std::nullopt;
  return TimePoint(std::chrono::microseconds(at));
}

Result<void> Manager::Dispatch() { return tracker_->Dispatch(); }

Result<void> Manager::Watch(const std::string& unit) { return tracker_->Watch(unit); }

void Manager::Unwatch(const std::string& unit) { tracker_->Unwatch(unit); }

const UnitState& Manager::State(const std::string& unit) const { return tracker_->State(unit); }

Result<void> Manager::WatchJobs() { return tracker_->WatchJobs(); }

std::vector<JobEvent> Manager::TakeJobEvents() { return tracker_->TakeJobEvents(); }

}  // namespace rm
