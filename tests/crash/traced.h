// What happens when a program is killed at its Nth step, or when its Nth call fails? Runs it under
// ptrace(2), so that the program itself knows nothing of it.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <functional>
#include <string>
#include <vector>

namespace rm::test {

enum class Trouble {
  kNone,      // only counts
  kKill,      // SIGKILL to the process that is about to make the call
  kKillAll,   // and to everything that it has started and that is traced
  kFailCall,  // the call fails instead of being made
};

// More than any of our programs waits for anything.
inline constexpr std::chrono::seconds kTraceLimit{90};

struct TraceRequest {
  std::vector<std::string> argv;
  std::vector<std::string> environment;  // added to ours
  // Programs (base names) that are followed. What executes another one is let go.
  std::vector<std::string> followed;
  std::string program;  // whose calls are counted; one of the followed
  // Calls count from the first one on that names a file below this directory.
  std::string armed_by;
  Trouble trouble = Trouble::kNone;
  int at = 0;  // the call, from 1 on
  // Is called while the process waits at the call, before anything else happens to it.
  std::function<void()> meanwhile;
  std::string errors;  // a file that standard error of argv[0] goes to; "": to ours
  int error = 0;       // kFailCall: 0 is what a full disk, an empty table or a dead peer would say
};

struct TraceResult {
  bool reached = false;  // there was a call number `at`
  int calls = 0;         // that were counted
  std::string call;      // its name and what it was made on
  int status = -1;       // of argv[0], as of waitpid(2)
  bool endless = false;  // it did not end within kTraceLimit and was killed, with all the others
};

// Calls that others can see: writes, syncs, names made and removed, locks, signals, new processes,
// messages; with kFailCall also those that open, map and connect. Blocks until the program and all
// that are followed have ended, or until the trouble was made and argv[0] has ended; what still
// runs then goes on by itself. Must be called by a process without other children.
TraceResult RunTraced(const TraceRequest& request);

}  // namespace rm::test
