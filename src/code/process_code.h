// Which files of this one process are not, or perhaps not, what is on disk under their names?
#pragma once

#include <sys/types.h>

#include <map>
#include <memory>
#include <string>
#include <tuple>
#include <vector>

#include "code/content.h"
#include "code/file_name.h"
#include "model/mapped_file.h"
#include "procfs/proc_tree.h"

namespace rm {

// One for each thread of a scan: keeps what it learned from one process to the next.
class ProcessCode {
 public:
  explicit ProcessCode(const ProcTree& proc);
  ~ProcessCode();

  // Adds to `found`. 0, or the errno of a caller that has run out of descriptors or memory.
  int Scan(pid_t pid, MappedScan& found);

 private:
  friend class ProcessLook;
  using RootKey = std::tuple<std::string, uint64_t, uint64_t, uint64_t>;

  // The root of the process, and whether it is in our mount namespace. Null: not readable.
  RootView* RootOf(int process_directory, bool& is_ours);

  const ProcTree& proc_;
  std::string our_mounts_;
  std::unique_ptr<RootView> our_root_;
  std::map<RootKey, std::unique_ptr<RootView>> roots_;
  Contents contents_;
  std::vector<char> buffer_;
  int64_t boot_ns_ = 0;  // wall clock
};

}  // namespace rm
