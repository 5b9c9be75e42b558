#include "machine/holder_finder.h"

#include <sys/stat.h>

#include <algorithm>
#include <utility>

#include "base/device_number.h"
#include "base/processors.h"
#include "base/win32_codes.h"
#include "machine/sightings.h"
#include "procfs/object_handle.h"
#include "procfs/process.h"

namespace rm {
namespace {

// Below, /proc has answered before the program is loaded: that takes as long as /proc does for 40
// processes with 100 descriptors each, 70 with 50, and 120 with 20. bench/crossing.sh
constexpr size_t kWorthLoading = 60;

unsigned ThreadsFor(const ScanOptions& options) {
  return std::min<unsigned>(options.threads ? options.threads : Processors(), RM_MOST_SHARDS);
}

// By which an object of these can be met, through overlays too, and by other nodes of a device.
std::vector<uint64_t> NumbersOf(std::span<const FileTarget> targets) {
  std::vector<uint64_t> numbers;
  for (const FileTarget& target : targets) {
    numbers.push_back(target.identity.ino);
    if (IsDevice(target.identity.mode)) numbers.push_back(DeviceInKernel(target.identity.rdev));
    for (const ObjectHandle& handle : target.handles)
      for (const uint64_t number : NumbersIn(handle)) numbers.push_back(number);
  }
  return numbers;
}

}  // namespace

Result<HolderScan> HolderFinder::Find(std::span<const FileTarget> targets,
                                      const ScanOptions& options, Backend backend) {
  const bool try_kernel = backend == Backend::kBpf || (backend == Backend::kAuto && proc_.live() &&
                                                       !refused_ && (kernel_ || IsWorthLoading()));
  if (try_kernel) {
    auto found = FindInKernel(targets, options);
    if (found || backend == Backend::kBpf || found.error().code == kCancelled) return found;
    refused_ = true;
  }
  return FindHolders(proc_, targets, options);
}

bool HolderFinder::IsWorthLoading() const {
  const auto pids = ListPids(proc_);
  return pids && pids->size() >= kWorthLoading;
}

Result<void> HolderFinder::Load(size_t numbers) {
  if (kernel_ && kernel_->room() >= numbers) return {};
  auto loaded = KernelScan::Load(numbers);
  if (!loaded) return Pass(std::move(loaded));
  kernel_ = std::move(*loaded);
  return {};
}

Result<HolderScan> HolderFinder::FindInKernel(std::span<const FileTarget> targets,
                                              const ScanOptions& options) {
  if (!proc_.live()) {
    return Fail(kAccessDenied, "The kernel cannot be asked about a /proc that is not its own.");
  }
  const TargetSet set(targets);
  const std::vector<uint64_t> numbers = NumbersOf(targets);
  if (auto loaded = Load(numbers.size()); !loaded) return Pass(std::move(loaded));

  const unsigned threads = ThreadsFor(options);
  std::vector<Sightings> shards(threads, Sightings(proc_, set));
  auto seen = kernel_->Run(
      numbers, {.threads = threads, .directories = options.directories, .cancel = options.cancel},
      [&](unsigned shard, std::span<const RmSighting> told) { shards[shard].Add(told); });
  if (options.cancel.stop_requested()) return Fail(kCancelled, "The search was cancelled.");
  if (!seen) return Pass(std::move(seen));
  for (unsigned i = 1; i < threads; ++i) shards[0].Merge(std::move(shards[i]));
  Judgement judged = shards[0].Judge();

  // Also if there are none: the kernel's own uses are found there.
  ScanOptions some = options;
  some.only = std::move(judged.ask_proc);
  auto all = FindHolders(proc_, targets, some);
  if (!all) return all;
  all->holdings.insert(all->holdings.end(), judged.holdings.begin(), judged.holdings.end());
  SortHoldings(all->holdings);
  return all;
}

}  // namespace rm
