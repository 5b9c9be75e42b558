// Which process is meant? A pid alone is not an answer: pids are reused.
#pragma once

#include <sys/types.h>

#include <compare>
#include <cstdint>
#include <string>
#include <vector>

namespace rm {

// Valid within one boot. `start_ticks` is field 22 of /proc/PID/stat (proc(5)), clock ticks since
// boot. Equality is decided on these two, never on a wall-clock time.
struct ProcessId {
  pid_t pid = 0;
  uint64_t start_ticks = 0;

  friend auto operator<=>(const ProcessId&, const ProcessId&) = default;
};

// What /proc says about one process, read at one moment and verified against its start time.
struct ProcessFacts {
  ProcessId id;
  pid_t parent = 0;
  uid_t uid = 0;           // real
  uid_t euid = 0;          // effective
  std::string name;        // file name of the executable, or comm where exe is unreadable
  std::string executable;  // as /proc/PID/exe shows it, without " (deleted)"; may be ""
  std::string cgroup;      // the cgroup2 path (or v1 name=systemd), e.g.
                           // "/system.slice/nginx.service"
  bool kernel_thread = false;
  bool zombie = false;               // the leader has exited, threads may still run
  bool has_terminal = false;         // has a controlling terminal
  bool ignores_term = false;         // SIGTERM is ignored
  bool blocks_term = false;          // SIGTERM is blocked in every thread
  bool other_pid_namespace = false;  // lives in a pid namespace below ours
  bool hidden = false;               // from the caller (hidepid): no more than `id` is known
};

}  // namespace rm
