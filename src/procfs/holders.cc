#include "procfs/holders.h"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <memory>
#include <new>
#include <system_error>
#include <thread>
#include <tuple>

#include "base/win32_codes.h"
#include "procfs/process.h"
#include "procfs/process_scan.h"
#include "procfs/target_set.h"

namespace rm {
namespace {

constexpr unsigned kMostThreads = 8;

unsigned ThreadsFor(const ScanOptions& options, size_t processes) {
  const unsigned usual = std::clamp(std::thread::hardware_concurrency(), 1u, kMostThreads);
  return static_cast<unsigned>(
      std::clamp<size_t>(processes, 1, options.threads ? options.threads : usual));
}

auto Key(const Holding& h) { return std::tie(h.process, h.kind, h.file, h.fd); }

template <class T>
void Append(std::vector<T>& all, const std::vector<T>& more) {
  all.insert(all.end(), more.begin(), more.end());
}

}  // namespace

Result<HolderScan> FindHolders(const ProcTree& proc, std::span<const FileTarget> targets,
                               const ScanOptions& options) {
  HolderScan all;
  Result<std::vector<pid_t>> pids = ListPids(proc);
  if (!pids) return Pass(std::move(pids));
  const TargetSet set(targets);
  std::atomic<size_t> next = 0;
  std::atomic<int> failed = 0;
  const auto work = [&](ProcessScan& scan) noexcept {
    try {
      for (size_t i; (i = next++) < pids->size() && !failed && !options.cancel.stop_requested();) {
        if (const int error = scan.Scan((*pids)[i])) failed = error;
      }
    } catch (const std::bad_alloc&) {
      failed = ENOMEM;
    }
  };

  std::vector<std::unique_ptr<ProcessScan>> scans;
  for (unsigned i = 0; i < ThreadsFor(options, pids->size()); ++i) {
    scans.push_back(std::make_unique<ProcessScan>(proc, set, options.directories));
  }
  {
    std::vector<std::jthread> threads;
    threads.reserve(scans.size());
    try {
      for (size_t i = 1; i < scans.size(); ++i) threads.emplace_back(work, std::ref(*scans[i]));
    } catch (const std::system_error&) {
      // A limit on threads only makes it slower.
    }
    work(*scans[0]);
  }
  if (options.cancel.stop_requested()) return Fail(kCancelled, "The search was cancelled.");
  if (failed) {
    return Fail(kOutOfMemory, "Cannot look at all processes: {}. Raise the limit and try again.",
                strerror(failed));
  }
  for (const auto& scan : scans) {
    Append(all.holdings, scan->found().holdings);
    Append(all.unreadable, scan->found().unreadable);
  }
  // The whole order puts current content before previous; of two equal keys the first one stays.
  std::sort(all.holdings.begin(), all.holdings.end());
  all.holdings.erase(
      std::unique(all.holdings.begin(), all.holdings.end(),
                  [](const Holding& a, const Holding& b) { return Key(a) == Key(b); }),
      all.holdings.end());
  std::sort(all.unreadable.begin(), all.unreadable.end());
  return all;
}

}  // namespace rm
