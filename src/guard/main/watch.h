// Who pays what is owed on a machine without a service manager? This guard, when the installer
// dies.
#pragma once

#include <string>

#include "base/result.h"
#include "model/process.h"

namespace rm {

struct WatchOptions {
  std::string directory;  // of the session store
  std::string session;    // SessionRecord::name
  ProcessId owner;
};

// Returns in the calling process once a child of it, in a session of its own, watches, or another
// guard of this session does. That child
// ends when the file guard-SESSION in the directory is removed: the session needs it no more. When
// the owner ends before that, it starts what every dead installer of this user owes.
Result<void> WatchInBackground(const WatchOptions& options);

}  // namespace rm
