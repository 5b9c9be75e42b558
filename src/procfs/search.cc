#include "procfs/search.h"

#include <algorithm>
#include <cerrno>
#include <future>
#include <new>
#include <system_error>
#include <thread>

#include "procfs/kernel_uses.h"
#include "procfs/process_dir.h"
#include "procfs/read.h"

namespace rm {
namespace {

template <class T>
void Append(std::vector<T>& all, std::vector<T>& more) {
  all.insert(all.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
  more.clear();
}

}  // namespace

Search::Search(ProcTree proc, std::span<const FileTarget> targets, std::vector<pid_t> pids,
               const ScanOptions& options, bool ask_each)
    : proc_(std::move(proc)),
      targets_(targets),
      pids_(std::move(pids)),
      sockets_(proc_, targets_, pids_),
      directories_(options.directories),
      ask_each_(ask_each),
      cancel_(options.cancel) {}

int Search::Run(unsigned threads, const Patience& patience) {
  const std::stop_callback wake(cancel_, [this] {
    const std::lock_guard guard(lock_);
    changed_.notify_all();
  });
  for (unsigned i = 0; i < threads; ++i) Start();
  std::unique_lock lock(lock_);
  for (;;) {
    size_t replacements = 0;
    const std::optional<Clock::time_point> due = Check(patience, replacements);
    if (cancel_.stop_requested() || (!due && replacements == 0)) break;
    if (replacements == 0) {
      changed_.wait_until(lock, *due);
      continue;
    }
    lock.unlock();
    for (size_t i = 0; i < replacements; ++i) Start();
    lock.lock();
  }
  // Whoever is left behind, or still at work after a cancellation, finds nothing more to do.
  next_ = pids_.size() + 1;
  return failed_;
}

// On a thread of its own, like all that asks the kernel about processes.
bool Search::Stands(std::chrono::milliseconds limit) {
  if (witnesses_.empty()) return true;
  std::packaged_task<bool()> task([self = shared_from_this()] { return self->WitnessesExist(); });
  std::future<bool> exist = task.get_future();
  try {
    std::thread(std::move(task)).detach();
  } catch (const std::system_error&) {
    return false;
  }
  return exist.wait_for(limit) == std::future_status::ready && exist.get();
}

// Nobody adds to them any more.
bool Search::WitnessesExist() const {
  return std::ranges::all_of(witnesses_, [&](const Witness& witness) {
    struct statx found {};
    return StatAt(proc_.fd(), witness.name.c_str(), STATX_INO | STATX_BTIME, found) == 0 &&
           IsTarget(found, *witness.target);
  });
}

HolderScan Search::Take() {
  const std::lock_guard guard(lock_);
  return std::move(found_);
}

// A limit on threads only makes it slower: then the caller's own thread does the work.
void Search::Start() {
  Worker* worker = nullptr;
  {
    const std::lock_guard guard(lock_);
    worker = &workers_.emplace_back(*this);
    worker->since = Clock::now();
  }
  try {
    std::thread([self = shared_from_this(), worker] { self->Work(*worker); }).detach();
  } catch (const std::system_error&) {
    Work(*worker);
  }
}

// Number 0 is the kernel itself.
void Search::Work(Worker& worker) noexcept {
  try {
    for (size_t i; (i = next_++) <= pids_.size() && !failed_ && !cancel_.stop_requested();) {
      if (i == 0) {
        LookAtKernel(worker);
      } else if (const int error = worker.scan.Scan(pids_[i - 1])) {
        failed_ = error;
      }
      HolderScan& found = worker.scan.found();
      if (!found.holdings.empty() || !found.unreadable.empty() || !found.in_flight.empty()) {
        Collect(worker);
      }
    }
  } catch (const std::bad_alloc&) {
    failed_ = ENOMEM;
  }
  const std::lock_guard guard(lock_);
  worker.ended = true;
  changed_.notify_all();
}

void Search::LookAtKernel(Worker& worker) {
  std::vector<KernelUse> uses = FindKernelUses(proc_, targets_);
  const std::lock_guard guard(lock_);
  if (!worker.abandoned) found_.kernel_uses = std::move(uses);
}

// What is found after its thread was given up comes too late.
void Search::Collect(Worker& worker) {
  HolderScan& found = worker.scan.found();
  const std::lock_guard guard(lock_);
  if (worker.abandoned) return;
  Append(found_.holdings, found.holdings);
  Append(found_.unreadable, found.unreadable);
  Append(found_.in_flight, found.in_flight);
  Append(witnesses_, worker.scan.witnesses());
}

void Search::Abandon(Worker& worker) {
  worker.abandoned = true;
  ++abandoned_;
  auto [pid, holdings] = worker.scan.Partial();
  ProcessId id{pid, 0};
  UniqueFd directory;
  ProcessStat stat;
  if (id.pid && OpenProcess(proc_, id.pid, directory) == 0 &&
      ReadStat(directory.get(), stat) == 0) {
    id.start_ticks = stat.start_ticks;
  }
  found_.unanswered.push_back(id);
  if (id.pid) found_.unreadable.push_back(id);
  if (!id.start_ticks) return;
  for (Holding& holding : holdings) holding.process = id;
  Append(found_.holdings, holdings);
}

std::optional<Search::Clock::time_point> Search::Check(const Patience& patience,
                                                       size_t& replacements) {
  std::optional<Clock::time_point> due;
  const Clock::time_point now = Clock::now();
  for (Worker& worker : workers_) {
    if (worker.ended || worker.abandoned) continue;
    if (worker.steps != worker.scan.steps()) {
      worker.steps = worker.scan.steps();
      worker.since = now;
    }
    const Clock::time_point end =
        worker.since + (abandoned_ == 0 ? patience.first : patience.later);
    if (end <= now) {
      Abandon(worker);
      ++replacements;
    } else {
      due = due ? std::min(*due, end) : end;
    }
  }
  if (replacements && abandoned_ >= patience.most) {
    replacements = 0;
    for (size_t i = next_.exchange(pids_.size() + 1); i <= pids_.size(); ++i) {
      found_.unanswered.push_back({i ? pids_[i - 1] : 0, 0});
      if (i) found_.unreadable.push_back({pids_[i - 1], 0});
    }
  }
  return due;
}

}  // namespace rm
