// Which processes hold these files, and how?
#pragma once

#include <cstdint>
#include <span>
#include <stop_token>
#include <vector>

#include "base/result.h"
#include "model/fact.h"
#include "model/resource.h"
#include "procfs/proc_tree.h"

namespace rm {

struct FileTarget {
  FileIdentity identity;  // dev, ino and btime_ns (if not 0) decide
  uint32_t file = 0;      // Holding::file
  bool previous = false;  // Holding::previous_content
};

struct ScanOptions {
  unsigned threads = 0;      // 0: as many as there are processors, at most 8
  bool directories = false;  // look at working and root directories, too
  std::stop_token cancel;
};

struct HolderScan {
  std::vector<Holding> holdings;  // sorted; one per (process, kind, file, fd)
  // Processes that could not be looked at, or only in part, because of permission; sorted. They may
  // hold anything. start_ticks 0: not even that may be read. Kernel threads and processes that
  // ended meanwhile are not among them.
  std::vector<ProcessId> unreadable;
};

// Looks at every process of the tree once, the caller included. A file is matched by its object,
// never by its name, so bind mounts, hard links, other mount namespaces, deleted and replaced files
// are all right. An executable is usually also mapped: both are told. An overlay file and the file
// of the layer below it are two objects.
//
// Sees all processes only as root (CAP_SYS_PTRACE, and CAP_SYS_ADMIN or CAP_CHECKPOINT_RESTORE to
// tell apart mapped files of btrfs subvolumes). Never blocks on a dead FUSE or network mount.
// 1223 when cancelled; 5 when /proc may not be read.
Result<HolderScan> FindHolders(const ProcTree& proc, std::span<const FileTarget> targets,
                               const ScanOptions& options = {});

}  // namespace rm
