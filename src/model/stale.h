// Who runs outdated code, and what would renew it?
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "model/app.h"
#include "model/mapped_file.h"

namespace rm {

// Values of RMX_FRESHNESS.
enum class Freshness : uint32_t {
  kStale = 1,      // outdated code: only a new start of the process renews it
  kRefreshed = 2,  // replaced by the same content
  kTransient =
      3,         // gone or replaced, and not code that was installed: memory, data, temporary files
  kUnknown = 4,  // could not be told
};

// What renews an app. Values of RMX_CURE.
enum class Cure : uint32_t {
  kNone = 0,       // nothing is stale
  kRestart = 1,    // its service manager restarts it
  kRelaunch = 2,   // it can be stopped and brought back
  kByHand = 3,     // somebody has to end it, and to start it again
  kReexecute = 4,  // a service manager: systemctl daemon-reexec
  kLogin = 5,      // its user logs out and in
  kContainer = 6,  // by the tool that started the container
  kReboot = 7,
  kNotAllowed = 8,  // by its owner, or root
};

struct StaleFile {
  MappedFile file;
  Freshness freshness = Freshness::kUnknown;
  std::string why;  // for people
};

struct StaleApp {
  App app;
  std::vector<StaleFile> files;  // of its processes
  Cure cure = Cure::kNone;
  std::string how;  // cure for people: a command, or a reason
};

struct StaleList {
  std::vector<StaleApp> apps;     // in the order of stopping
  std::array<size_t, 5> files{};  // by Freshness, on the whole machine
  size_t processes = 0;           // looked at
  std::vector<UnreadableProcess> unreadable;
};

}  // namespace rm
