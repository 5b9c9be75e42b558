#include "code/mapped_scan.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <cstring>
#include <memory>
#include <mutex>
#include <new>
#include <optional>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/processors.h"
#include "base/win32_codes.h"
#include "code/process_code.h"
#include "procfs/hidden.h"
#include "procfs/process.h"

namespace rm {
namespace {

constexpr unsigned kMostThreads = 8;
constexpr unsigned kMostLost = 8;  // threads that wait for something that never comes
constexpr Milliseconds kPatience{10'000};

// Outlives the scan when one of its threads does not come back.
struct Shared {
  std::optional<ProcTree> proc;
  std::vector<pid_t> pids;
  std::stop_token cancel;

  std::mutex mutex;
  std::condition_variable changed;
  size_t next = 0;
  int failed = 0;
  MappedScan all;
};

struct Worker {
  pid_t pid = 0;  // looked at; 0 none
  TimePoint since;
  bool lost = false;
  bool done = false;
};

void Take(MappedScan& all, MappedScan& more) {
  all.files.insert(all.files.end(), more.files.begin(), more.files.end());
  all.unreadable.insert(all.unreadable.end(), more.unreadable.begin(), more.unreadable.end());
  all.processes += more.processes;
  more = {};
}

void Work(const std::shared_ptr<Shared>& shared, const std::shared_ptr<Worker>& worker) noexcept {
  int failed = 0;
  try {
    ProcessCode code(*shared->proc);
    MappedScan found;
    for (;;) {
      {
        const std::lock_guard lock(shared->mutex);
        if (worker->lost) return;
        Take(shared->all, found);
        worker->pid = 0;
        if (failed || shared->failed || shared->next == shared->pids.size() ||
            shared->cancel.stop_requested()) {
          break;
        }
        worker->pid = shared->pids[shared->next++];
        worker->since = Clock::now();
      }
      failed = code.Scan(worker->pid, found);
    }
  } catch (const std::bad_alloc&) {
    failed = ENOMEM;
  }
  const std::lock_guard lock(shared->mutex);
  if (worker->lost) return;
  if (failed) shared->failed = failed;
  worker->done = true;
  shared->changed.notify_all();
}

class Crew {
 public:
  Crew(std::shared_ptr<Shared> shared, unsigned threads) : shared_(std::move(shared)) {
    for (unsigned i = 0; i < threads; ++i) Start();
  }

  ~Crew() {
    for (size_t i = 0; i < threads_.size(); ++i) {
      if (workers_[i]->lost) {
        threads_[i].detach();
      } else {
        threads_[i].join();
      }
    }
  }
  Crew(const Crew&) = delete;
  Crew& operator=(const Crew&) = delete;

  bool empty() const { return workers_.empty(); }

  // Blocks until everyone is done or lost.
  void Await() {
    std::unique_lock lock(shared_->mutex);
    for (;;) {
      TimePoint next = TimePoint::max();
      size_t lost = 0;
      for (size_t i = 0; i < workers_.size(); ++i) {
        Worker& worker = *workers_[i];
        if (worker.lost) ++lost;
        if (worker.done || worker.lost || worker.pid == 0) continue;
        if (Clock::now() < worker.since + kPatience) {
          next = std::min(next, worker.since + kPatience);
          continue;
        }
        worker.lost = true;
        shared_->all.unreadable.push_back({{worker.pid, 0}, ""});
        if (++lost < kMostLost) Start();
      }
      const bool busy = std::any_of(workers_.begin(), workers_.end(), [](const auto& worker) {
        return !worker->done && !worker->lost;
      });
      if (!busy) return;
      shared_->changed.wait_until(lock, std::min(next, Clock::now() + kPatience));
    }
  }

 private:
  void Start() {
    auto worker = std::make_shared<Worker>();
    try {
      threads_.emplace_back(Work, shared_, worker);
      workers_.push_back(std::move(worker));
    } catch (const std::system_error&) {
      // A limit on threads only makes it slower.
    }
  }

  std::shared_ptr<Shared> shared_;
  std::vector<std::shared_ptr<Worker>> workers_;
  std::vector<std::thread> threads_;  // of the workers, in their order
};

}  // namespace

Result<MappedScan> ScanMappedFiles(const ProcTree& proc, const MappedScanOptions& options) {
  auto pids = ListPids(proc);
  if (!pids) return Pass(std::move(pids));
  // A descriptor of its own, for a thread may stay longer than the caller's.
  auto own = ProcTree::Open(fmt::format("/proc/self/fd/{}", proc.fd()));
  if (!own) return Pass(std::move(own));
  auto shared = std::make_shared<Shared>();
  shared->proc.emplace(std::move(*own));
  shared->pids = std::move(*pids);
  shared->cancel = options.cancel;
  const unsigned usual = std::min(Processors(), kMostThreads);
  {
    Crew crew(shared, options.threads ? options.threads : usual);
    if (crew.empty()) return Fail(kOutOfMemory, "Cannot start a thread. Raise the limit.");
    crew.Await();
  }
  const std::lock_guard lock(shared->mutex);
  if (options.cancel.stop_requested()) return Fail(kCancelled, "The search was cancelled.");
  if (shared->failed) {
    return Fail(kOutOfMemory, "Cannot look at all processes: {}. Raise the limit and try again.",
                strerror(shared->failed));
  }
  MappedScan all = std::move(shared->all);
  for (size_t i = shared->next; i < shared->pids.size(); ++i) {
    all.unreadable.push_back({{shared->pids[i], 0}, ""});
  }
  if (HidesProcesses(proc)) all.unreadable.push_back({});
  std::stable_sort(all.files.begin(), all.files.end(),
                   [](const MappedFile& a, const MappedFile& b) { return a.process < b.process; });
  std::sort(all.unreadable.begin(), all.unreadable.end());
  return all;
}

}  // namespace rm
