// How is the work of a search divided among threads, and what if one of them does not come back?
#pragma once

#include <sys/types.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <stop_token>
#include <vector>

#include "procfs/holders.h"
#include "procfs/process_scan.h"

namespace rm {

// Shared by the caller and its threads. A thread that hangs in the kernel is left behind with a
// share of its own, and ends when the kernel lets go of it.
class Search : public std::enable_shared_from_this<Search> {
 public:
  Search(ProcTree proc, std::span<const FileTarget> targets, std::vector<pid_t> pids,
         const ScanOptions& options, bool ask_each = false);

  // Blocks until every process was looked at or left out, or until cancelled. The errno of a caller
  // that has run out of descriptors or memory, or 0.
  int Run(unsigned threads, const Patience& patience);
  // Whether what was found can be relied on; false: a mapped object was removed meanwhile, and its
  // number may have become another's, or the kernel did not tell in time.
  bool Stands(std::chrono::milliseconds limit);
  // What was found, once.
  HolderScan Take();

 private:
  using Clock = std::chrono::steady_clock;

  struct Worker {
    explicit Worker(const Search& search)
        : scan(search.proc_, search.targets_, search.sockets_, search.directories_,
               search.ask_each_) {}
    ProcessScan scan;
    bool ended = false;
    bool abandoned = false;
    uint64_t steps = 0;  // as last seen, then
    Clock::time_point since;
  };

  void Start();
  void Work(Worker& worker) noexcept;
  bool WitnessesExist() const;
  void LookAtKernel(Worker& worker);
  void Collect(Worker& worker);
  void Abandon(Worker& worker);
  // Under the lock, until the caller waits: who ends in between would not be noticed. When the next
  // worker has to have got on; none: all have ended or were left behind, and so many of these have
  // to be replaced.
  std::optional<Clock::time_point> Check(const Patience& patience, size_t& replacements);

  const ProcTree proc_;
  const TargetSet targets_;
  const std::vector<pid_t> pids_;
  const BoundSockets sockets_;
  const bool directories_;
  const bool ask_each_;  // each mapping for itself
  const std::stop_token cancel_;
  std::atomic<size_t> next_ = 0;
  std::atomic<int> failed_ = 0;

  std::mutex lock_;  // of all below
  std::condition_variable changed_;
  std::list<Worker> workers_;
  HolderScan found_;
  std::vector<Witness> witnesses_;
  size_t abandoned_ = 0;
};

}  // namespace rm
