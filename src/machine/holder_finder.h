// Who holds these files? Asks the kernel or /proc, whichever there is and is faster.
#pragma once

#include <optional>
#include <span>

#include "bpf/scan.h"
#include "machine/machine.h"
#include "procfs/holders.h"
#include "procfs/proc_tree.h"

namespace rm {

// Keeps the program in the kernel from one question to the next. One question at a time.
class HolderFinder {
 public:
  explicit HolderFinder(const ProcTree& proc) : proc_(proc) {}

  // The same facts from either back end, but that the kernel also sees the processes that /proc
  // does not let the caller read. As FindHolders; 5 when Backend::kBpf is not to be had.
  Result<HolderScan> Find(std::span<const FileTarget> targets, const ScanOptions& options,
                          Backend backend);

  // So that a bench can tell what it costs: loads the program, if it is not loaded yet.
  Result<void> Load(size_t numbers);

 private:
  bool IsWorthLoading() const;
  Result<HolderScan> FindInKernel(std::span<const FileTarget> targets, const ScanOptions& options);

  const ProcTree& proc_;
  std::optional<KernelScan> kernel_;
  bool refused_ = false;
};

}  // namespace rm
