// What did looking at the machine show? Facts only; inspect/ judges them.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "model/contact.h"
#include "model/owner.h"
#include "model/process.h"
#include "model/relaunch.h"
#include "model/resource.h"

namespace rm {

enum class HoldKind {
  kDescriptor,
  kMapping,
  kExecutable,
  kWorkingDirectory,
  kRootDirectory,
  kRing,  // registered with an io_uring whose descriptor is `fd`
  // By the kernel itself, for no process: Holding::process is {0, 0}.
  kLoopDevice,
  kSwap,
  kMount,   // also of a device's node: what is on it is mounted
  kDevice,  // another device is made of it
};

// One way in which one process holds one registered file.
struct Holding {
  ProcessId process;
  HoldKind kind = HoldKind::kDescriptor;
  uint32_t file = 0;              // index into Registration::files
  int fd = -1;                    // kDescriptor, kRing: its number
  bool previous_content = false;  // holds what the path was at registration, not what it is now
  std::string below;              // of a registered tree: which of its files; else ""

  friend auto operator<=>(const Holding&, const Holding&) = default;
};

// The registered path, or that of the file below a registered tree. `files`: the registered paths.
std::string HeldPath(const Holding& holding, const std::vector<std::string>& files);
// What the kernel itself uses a registered file for.
struct KernelUse {
  std::string user;   // "loop device /dev/loop0", "swap", "mount /mnt"
  std::string where;  // where it shows, for people: "mounted on /mnt"; may be ""
  Holding holding;

  friend auto operator<=>(const KernelUse&, const KernelUse&) = default;
};

// What a service manager says about one unit.
struct UnitFacts {
  UnitRef ref;                     // canonical name (Id), even if asked by an alias
  std::vector<std::string> names;  // Id and aliases
  std::string description;
  std::string load_state;    // "loaded", "not-found", "masked", ...
  std::string active_state;  // "active", "inactive", "failed", "activating", ...
  std::string sub_state;
  std::string type;       // "simple", "oneshot", ...; "" for a scope
  std::string result;     // the unit's own Result: "success", "timeout", ...
  std::string kill_mode;  // "control-group", "process", ...; "" for a scope
  std::string control_group;
  pid_t main_pid = 0;
  bool was_started = false;  // since the boot, by whomever; it may have ended again
  bool can_stop = true;      // false: RefuseManualStop
  bool can_start = true;     // false: RefuseManualStart
  std::string ends_machine;  // which setting lets the machine, or the login, end with it
  std::vector<UnitRef>
      goes_along;  // active units that a stop of this one takes down (closure of
                   // RequiredBy, RequisiteOf, BoundBy, ConsistsOf, PropagatesStopTo)
};

struct Observation {
  std::vector<Holding> holdings;
  std::vector<KernelUse> kernel_uses;
  std::map<ProcessId, ProcessFacts> processes;  // holders, registered ones, main processes
  std::map<ProcessId, RestartRegistration> registered_for_restart;
  std::map<ProcessId, Contact> contacts;         // of those that hear more than signals
  std::vector<UnitFacts> units;                  // of every holder, and every registered service
  std::map<ProcessId, Owner> owners;             // none: it belongs to no unit
  std::map<ProcessId, RelaunchSpec> captured;    // plain processes, if it was asked for
  std::map<ProcessId, Error> not_captured;       // of those: what went wrong on our side
  std::map<ProcessId, std::string> beyond_us;    // of those: what no child of ours could be given
  std::map<ProcessId, std::string> ends_sooner;  // of those: what would end a new one before its
                                                 // time
  std::vector<ProcessId> unreadable;  // could not be looked at; pid 0: all that /proc hides
  std::vector<ProcessId> unanswered;  // the kernel did not tell all of them in time; pid
                                      // 0: its own uses
  std::vector<ProcessId> in_flight;   // they have not received descriptors that were
                                      // sent to them: of what, nobody knows
  std::vector<uint32_t> unreachable;  // files whose file system does not answer
};

}  // namespace rm
