// How is one service manager reached, and how do sd-bus failures become ours?
#pragma once

#include <systemd/sd-bus.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/result.h"

namespace rm {

struct SdBusDeleter {
  void operator()(sd_bus* bus) const { sd_bus_close_unref(bus); }
  void operator()(sd_bus_message* message) const { sd_bus_message_unref(message); }
  void operator()(sd_bus_slot* slot) const { sd_bus_slot_unref(slot); }
};
using Bus = std::unique_ptr<sd_bus, SdBusDeleter>;
using Message = std::unique_ptr<sd_bus_message, SdBusDeleter>;
using Slot = std::unique_ptr<sd_bus_slot, SdBusDeleter>;

inline constexpr const char* kDestination = "org.freedesktop.systemd1";
inline constexpr const char* kManagerPath = "/org/freedesktop/systemd1";
inline constexpr const char* kManagerInterface = "org.freedesktop.systemd1.Manager";
inline constexpr const char* kUnitInterface = "org.freedesktop.systemd1.Unit";
inline constexpr const char* kServiceInterface = "org.freedesktop.systemd1.Service";
inline constexpr const char* kScopeInterface = "org.freedesktop.systemd1.Scope";
inline constexpr const char* kJobInterface = "org.freedesktop.systemd1.Job";
inline constexpr const char* kPropertiesInterface = "org.freedesktop.DBus.Properties";

// Where a method is: object, interface, name.
struct Method {
  std::string path;
  const char* interface;
  const char* name;
};

// Appends a call's arguments; negative errno on failure, as sd-bus does.
using Arguments = std::function<int(sd_bus_message*)>;

class BusConnection {
 public:
  static Result<std::unique_ptr<BusConnection>> Open(std::optional<uid_t> user);

  // Sends and waits for the answer. `what` completes "... could not be done: " in a failure's
  // sentence. Codes: 2 no such unit, job or process; 5 not allowed; 121 no answer in time;
  // 160 refused as invalid; 183 exists already; 29 anything else.
  // When PID 1 closed the connection (daemon-reexec) it connects anew and asks again: what
  // is asked here may be asked twice. Handlers of matches may be called meanwhile; they call
  // nothing.
  Result<Message> Call(const Method& method, const std::string& what, const Arguments& arguments);
  Result<Message> Call(const Method& method, const std::string& what);

  // One property of an object.
  Result<std::string> GetString(const std::string& path, const char* interface, const char* name);
  Result<uint32_t> GetNumber(const std::string& path, const char* interface, const char* name);
  Result<uint64_t> GetTime(const std::string& path, const char* interface, const char* name);

  // The connection was closed by the other side and not opened again yet.
  bool lost() const { return !bus_ || sd_bus_is_open(bus_.get()) <= 0; }
  Result<void> Reopen();
  // Counts the connections made: matches and subscriptions belong to one of them.
  uint32_t generation() const { return generation_; }
  // The system bus tells us nothing that we did not ask for; a private socket tells everything.
  sd_bus* bus() const { return bus_.get(); }

 private:
  BusConnection() = default;
  Milliseconds limit() const;
  void TakeSignals();

  std::optional<uid_t> user_;
  Bus bus_;
  uint32_t generation_ = 0;
  Clock::duration slow_{};  // that answers took which were not prompt
  // A user's, that did not answer once: it shall not cost its time limit again and again.
  bool given_up_ = false;
};

// /org/freedesktop/systemd1/unit/... of a unit's name.
std::string UnitPath(const std::string& unit);

}  // namespace rm
