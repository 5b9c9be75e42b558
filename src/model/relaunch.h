// How is a process that is no service brought back? From what it registered, or from what /proc
// told about it before it was stopped.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "model/process.h"

namespace rm {

// RegisterApplicationRestart (contract.md 15.1): what a running program asked for.
struct RestartRegistration {
  std::vector<std::string> arguments;  // argv[1..]
  uint32_t flags = 0;                  // RESTART_NO_CRASH 1, _NO_HANG 2, _NO_PATCH 4, _NO_REBOOT 8
};

struct ResourceLimit {
  int resource = 0;  // RLIMIT_*
  uint64_t soft = 0;
  uint64_t hard = 0;  // UINT64_MAX: unlimited
};

// null, zero, full, random, urandom: opening one does nothing. No other device is opened again.
inline bool IsHarmlessDevice(unsigned major, unsigned minor) {
  return major == 1 && (minor == 3 || minor == 5 || minor == 7 || minor == 8 || minor == 9);
}

// Which object is behind a name? The birth time guards against a number that was given away.
struct ObjectId {
  uint64_t device = 0;
  uint64_t inode = 0;
  int64_t born_ns = 0;

  friend bool operator==(const ObjectId&, const ObjectId&) = default;
};

// Of a struct statx, which not every system has.
template <class Statx>
ObjectId ObjectIdOf(const Statx& found) {
  return {uint64_t{found.stx_dev_major} << 32 | found.stx_dev_minor, found.stx_ino,
          found.stx_btime.tv_sec * int64_t{1'000'000'000} + found.stx_btime.tv_nsec};
}

// Where one of the descriptors 0, 1, 2 pointed to. An empty path means /dev/null.
struct StandardStream {
  std::string path;
  int flags = 0;  // open(2) flags: access mode and O_APPEND
  uint64_t offset = 0;
  ObjectId object;
};

// Everything a new process is given so that it is like the one that was stopped. Names are bytes.
struct RelaunchSpec {
  ProcessId was;
  ProcessId parent;
  uint64_t captured_ticks = 0;  // clock ticks since boot, as ProcessId::start_ticks
  std::string executable;
  // Where an update has moved what it runs; "" nowhere. Run only if `executable` is not there.
  std::string moved_aside;
  std::vector<std::string> arguments;    // argv, argv[0] included
  std::vector<std::string> environment;  // "NAME=value", as at its start
  std::string directory;
  ObjectId directory_object;
  std::array<uid_t, 3> uids{};  // real, effective, saved
  std::array<gid_t, 3> gids{};
  std::vector<gid_t> groups;
  mode_t umask = 022;
  std::vector<ResourceLimit> limits;
  int nice = 0;
  int scheduler_policy = 0;
  int scheduler_priority = 0;
  int io_priority = 0;  // ioprio_get(2)'s value
  int oom_score_adjust = 0;
  std::vector<int> cpus;  // empty: all
  uint64_t capabilities_inheritable = 0;
  uint64_t capabilities_permitted = 0;
  uint64_t capabilities_effective = 0;
  uint64_t capabilities_bounding = 0;
  uint64_t capabilities_ambient = 0;
  bool no_new_privileges = false;
  uint64_t ignored_signals = 0;  // bit n-1: signal n
  uint64_t blocked_signals = 0;
  uint64_t personality = 0;
  uint64_t timer_slack_ns = 0;  // 0: leave as it is
  std::array<StandardStream, 3> streams;

  // Sentences that say what a new process would lack. Empty: it can be brought back faithfully.
  std::vector<std::string> cannot_restore;
};

// The arguments as /proc/PID/cmdline shows them.
std::string CommandLineOf(const RelaunchSpec& spec);

// One blob, no other program's format; Parse refuses anything that Serialize did not write.
std::string Serialize(const RelaunchSpec& spec);
Result<RelaunchSpec> ParseRelaunchSpec(const std::string& blob);

}  // namespace rm
