// Which processes hold these files, and how?
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

#include "base/result.h"
#include "model/fact.h"
#include "model/resource.h"
#include "procfs/proc_tree.h"

namespace rm {

struct FileTarget {
  FileIdentity identity;              // dev, ino and btime_ns (if not 0) decide
  uint32_t file = 0;                  // Holding::file
  bool previous = false;              // Holding::previous_content
  std::vector<ObjectHandle> handles;  // of FileResource
  std::string path;                   // for what can only be told by a name
};

// How long the kernel may take over one process before that is left out.
struct Patience {
  std::chrono::milliseconds first{5000};
  std::chrono::milliseconds later{1000};  // once somebody was left out
  size_t most = 16;                       // so many are waited for
};

struct ScanOptions {
  unsigned threads = 0;      // 0: as many as there are processors, at most 8
  bool directories = false;  // look at working and root directories, too
  std::stop_token cancel;
  Patience patience;
  std::optional<std::vector<pid_t>> only;  // look at these processes alone
};

struct HolderScan {
  std::vector<Holding> holdings;  // sorted; one per (process, kind, file, fd)
  // Processes that could not be looked at, or only in part, because of permission; sorted. They may
  // hold anything. start_ticks 0: not even that may be read. Pid 0: all those that /proc hides from
  // the caller, however many. Kernel threads and processes that ended meanwhile are not among them.
  std::vector<ProcessId> unreadable;
  // Those of the unreadable that the kernel had no answer about within a few seconds. Pid 0: its
  // own uses.
  std::vector<ProcessId> unanswered;
  std::vector<KernelUse> kernel_uses;  // sorted
  // Processes with a socket that holds descriptors which were sent and not yet received; sorted.
  // What these are of cannot be told (Linux 5.6; before, not even that).
  std::vector<ProcessId> in_flight;
};

// Looks at every process of the tree once, the caller included. A file is matched by its object,
// never by its name, so bind mounts, hard links, other mount namespaces, deleted and replaced files
// are all right. An overlay's file is the file of the layer that it shows (Linux 6.6; before, the
// two are not known to be one). An executable is usually also mapped: both are told.
//
// The kernel's own uses are found by their names in /sys and /proc, as far as these lead to the
// object: loop devices, swap files, mounts of image files. A file registered with an io_uring is
// found by the path that the kernel prints for it.
//
// Sees all processes only as root (CAP_SYS_PTRACE, and CAP_SYS_ADMIN or CAP_CHECKPOINT_RESTORE to
// tell apart mapped files of btrfs subvolumes). Never blocks on a dead FUSE or network mount. A
// process that keeps the kernel waiting for more than 5 s is left out and told; at most 16 are
// waited for, 20 s in all; twice that, if a file was removed while it was found mapped, for then
// the search is made once more. Its thread ends when the kernel lets go of it. 1223 when cancelled;
// 5 when /proc may not be read.
Result<HolderScan> FindHolders(const ProcTree& proc, std::span<const FileTarget> targets,
                               const ScanOptions& options = {});

// In their order, each once. Of what is held as current and as previous content, the current one is
// told.
void SortHoldings(std::vector<Holding>& holdings);

}  // namespace rm
