// What is happening right now? For progress lines; nobody decides anything by it.
#pragma once

#include <functional>
#include <string>

#include "model/app.h"

namespace rm {

enum class EventKind : uint32_t {
  kHold = 1,
  kStopping = 2,
  kStopped = 3,
  kKilling = 4,
  kStopFailed = 5,
  kRelease = 6,
  kRestarting = 7,
  kRestarted = 8,
  kRestartFailed = 9,
  kNotRestarted = 10,
  kWaitingForUser = 11,
  kGivenUp = 12,
};

struct Event {
  EventKind kind;
  unsigned percent = 0;
  ProcessId process;  // main process, pid 0 if none
  std::string name;
  std::optional<UnitRef> unit;
  std::string text;
};

using EventSink = std::function<void(const Event&)>;

}  // namespace rm
