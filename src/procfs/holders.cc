#include "procfs/holders.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>
#include <optional>
#include <tuple>

#include "base/processors.h"
#include "base/win32_codes.h"
#include "procfs/hidden.h"
#include "procfs/process.h"
#include "procfs/search.h"

namespace rm {
namespace {

constexpr unsigned kMostThreads = 8;

unsigned ThreadsFor(const ScanOptions& options, size_t processes) {
  const unsigned usual = std::min(Processors(), kMostThreads);
  return static_cast<unsigned>(
      std::clamp<size_t>(processes, 1, options.threads ? options.threads : usual));
}

auto Key(const Holding& h) { return std::tie(h.process, h.kind, h.file, h.fd); }

// Nothing: a mapped object went away meanwhile, and which are its processes has to be asked again.
std::optional<Result<HolderScan>> SearchOnce(const ProcTree& proc,
                                             std::span<const FileTarget> targets,
                                             const std::vector<pid_t>& pids,
                                             const ScanOptions& options, bool ask_each) {
  Result<ProcTree> tree = proc.Clone();
  if (!tree) return Pass(std::move(tree));
  const auto search = std::make_shared<Search>(std::move(*tree), targets, pids, options, ask_each);
  const int failed = search->Run(ThreadsFor(options, pids.size()), options.patience);
  if (options.cancel.stop_requested()) return Fail(kCancelled, "The search was cancelled.");
  if (failed) {
    return Fail(kOutOfMemory, "Cannot look at all processes: {}. Raise the limit and try again.",
                strerror(failed));
  }
  if (!search->Stands(options.patience.later)) return std::nullopt;
  return search->Take();
}

bool IsOwnDescriptor(const Holding& h) {
  return h.process.pid == getpid() && h.kind == HoldKind::kDescriptor;
}

// What the threads of a search had open for a moment was no use of the file: the caller is looked
// at again when they have ended.
Result<void> ForgetOwnPassing(const ProcTree& proc, std::span<const FileTarget> targets,
                              ScanOptions options, HolderScan& all) {
  if (!proc.live() || std::ranges::none_of(all.holdings, IsOwnDescriptor)) return {};
  options.threads = 1;
  options.only = {getpid()};
  auto again = SearchOnce(proc, targets, *options.only, options, true);
  if (!*again) return Pass(std::move(*again));
  std::erase_if(all.holdings, [&](const Holding& h) {
    return IsOwnDescriptor(h) && std::ranges::count((*again)->holdings, h) == 0;
  });
  return {};
}

}  // namespace

// The whole order puts current content before previous; of two equal keys the first one stays.
void SortHoldings(std::vector<Holding>& holdings) {
  std::sort(holdings.begin(), holdings.end());
  holdings.erase(std::unique(holdings.begin(), holdings.end(),
                             [](const Holding& a, const Holding& b) { return Key(a) == Key(b); }),
                 holdings.end());
}

Result<HolderScan> FindHolders(const ProcTree& proc, std::span<const FileTarget> targets,
                               const ScanOptions& options) {
  Result<std::vector<pid_t>> pids = options.only ? *options.only : ListPids(proc);
  if (!pids) return Pass(std::move(pids));
  std::optional<Result<HolderScan>> found = SearchOnce(proc, targets, *pids, options, false);
  if (!found) found = SearchOnce(proc, targets, *pids, options, true);
  if (!*found) return Pass(std::move(*found));
  HolderScan all = std::move(**found);
  if (auto forgot = ForgetOwnPassing(proc, targets, options, all); !forgot)
    return Pass(std::move(forgot));
  // Those that the kernel showed instead need no /proc.
  if (!options.only && HidesProcesses(proc)) all.unreadable.push_back({});
  SortHoldings(all.holdings);
  std::sort(all.unreadable.begin(), all.unreadable.end());
  std::sort(all.in_flight.begin(), all.in_flight.end());
  std::sort(all.unanswered.begin(), all.unanswered.end());
  return all;
}

}  // namespace rm
