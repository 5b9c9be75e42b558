// Of which files does a process run, or map, other content than what is on disk now?
#pragma once

#include <stop_token>

#include "base/result.h"
#include "model/mapped_file.h"
#include "procfs/proc_tree.h"

namespace rm {

struct MappedScanOptions {
  unsigned threads = 0;  // 0: as many as there are processors, at most 8
  std::stop_token cancel;
};

// Looks at every process, the caller included. Files are told apart by the object, names are looked
// up in the root of the process that loaded them. Only local file systems are read, and only
// regular files. Who does not answer for ten seconds for all that (its memory may be on a dead
// server) is among the unreadable.
//
// Sees all processes only as root (CAP_SYS_PTRACE, and CAP_SYS_ADMIN or CAP_CHECKPOINT_RESTORE to
// compare files that have no build-id). 1223 when cancelled; 5 when /proc may not be read; 14.
Result<MappedScan> ScanMappedFiles(const ProcTree& proc, const MappedScanOptions& options = {});

}  // namespace rm
