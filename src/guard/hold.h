// How long does a session's hold last? As long as its owner lives.
#pragma once

#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "model/process.h"

namespace rm {

inline constexpr Milliseconds kPatience{10'000};

struct HoldOptions {
  std::string session;
  ProcessId owner;
  Milliseconds patience = kPatience;  // see Gatekeeper
};

// Watches until the owner has ended or SIGTERM comes: the process then ends, the hold's start job
// with it, and the service manager starts what waited. Tells the service manager as soon as it
// watches (sd_notify STATUS=watching). Trouble with the gates does not end it: it is said on
// standard error, and tried again every second.
Result<void> WatchOwner(const HoldOptions& options);

}  // namespace rm
