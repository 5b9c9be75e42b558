// What happens to the watched units and to the jobs?
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "systemd/connection.h"
#include "systemd/manager.h"

namespace rm {

// Reads what the service manager says about one unit now.
Result<UnitState> QueryState(BusConnection& connection, const std::string& unit);

class Tracker {
 public:
  explicit Tracker(BusConnection& connection) : connection_(connection) {}

  Result<void> Watch(const std::string& unit);
  void Unwatch(const std::string& unit);
  bool Watches(const std::string& unit) const { return watched_.contains(unit); }
  const UnitState& State(const std::string& unit) const;
  Result<void> WatchJobs();
  std::vector<JobEvent> TakeJobEvents() { return std::move(job_events_); }

  // Makes sure that signals arrive on the present connection, and reads all states anew if it is a
  // new one.
  Result<void> Attach();
  Result<void> Dispatch();
  // Something was heard while a call was answered: Dispatch has to be called without a wait.
  bool behind() const { return all_changed_ || !changed_.empty() || !job_events_.empty(); }

 private:
  struct Watched {
    std::string path;  // object path of the unit, aliases resolved
    UnitState state;
    Slot slot;
  };

  Result<void> Subscribe(const std::string& unit, Watched& watched);
  Result<void> Match(Slot& slot, const std::string& path, const char* interface, const char* member,
                     int (*handler)(sd_bus_message*, void*, sd_bus_error*));
  Result<void> Refresh();

  static int OnUnitChanged(sd_bus_message* message, void* self, sd_bus_error* error);
  static int OnJobChanged(sd_bus_message* message, void* self, sd_bus_error* error);
  static int OnJobNew(sd_bus_message* message, void* self, sd_bus_error* error);
  static int OnJobRemoved(sd_bus_message* message, void* self, sd_bus_error* error);
  static int OnReloading(sd_bus_message* message, void* self, sd_bus_error* error);

  BusConnection& connection_;
  uint32_t attached_ = 0;                   // generation of the connection that the slots belong to
  std::map<std::string, Watched> watched_;  // by the name that was asked for
  std::set<std::string> changed_;           // object paths of units
  bool all_changed_ = false;
  std::vector<Slot> slots_;
  bool collects_jobs_ = false;
  std::vector<JobEvent> job_events_;
};

}  // namespace rm
