#include "bpf/scan.h"

#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <bit>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "base/unique_fd.h"
#include "base/win32_codes.h"

namespace rm {
namespace {

constexpr size_t kFewestWords = 512;  // a page
constexpr size_t kBuffer = 64 << 10;

// FMODE_BACKING marks the file of an overlay's layer. Linux 6.14 gave it another bit.
uint32_t BackingMode() {
  utsname system{};
  unsigned major = 0, minor = 0;
  uname(&system);
  sscanf(system.release, "%u.%u", &major, &minor);
  return std::pair(major, minor) < std::pair(6u, 14u) ? 1u << 25 : 1u << 24;
}

// 0 or an errno.
int ReadShard(const RmScanProgram& program, unsigned shard, const std::stop_token& cancel,
              const KernelScan::Tell& tell) {
  const int opened = RmBeginScan(&program);
  if (opened < 0) return -opened;
  const UniqueFd answer(opened);
  std::vector<char> buffer(kBuffer);
  while (!cancel.stop_requested()) {
    const ssize_t got = read(answer.get(), buffer.data(), buffer.size());
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) continue;
    if (got < 0) return errno;
    if (got == 0) return 0;
    tell(shard, {reinterpret_cast<const RmSighting*>(buffer.data()),
                 static_cast<size_t>(got) / sizeof(RmSighting)});
  }
  return 0;
}

}  // namespace

Result<KernelScan> KernelScan::Load(size_t numbers) {
  RmScanProgram program;
  const int error = RmLoadScan(&program, std::bit_ceil(std::max(numbers, kFewestWords)));
  if (error == ENOSYS) return Fail(kAccessDenied, "The BPF back end is not built in.");
  if (error == EPERM || error == EACCES) {
    return Fail(kAccessDenied,
                "The kernel takes no BPF program from this caller. It needs CAP_BPF and "
                "CAP_PERFMON, and a kernel that is not locked down.");
  }
  if (error == EMFILE || error == ENFILE || error == ENOMEM)
    return Fail(kAccessDenied, "There is no room for the BPF program: {}.", strerror(error));
  if (error) {
    return Fail(kAccessDenied,
                "This kernel does not take the BPF program: {}. It needs Linux 6.7 with BTF.",
                strerror(error));
  }
  return KernelScan(program);
}

KernelScan::KernelScan(KernelScan&& other) noexcept
    : program_(std::exchange(other.program_, RmScanProgram{})) {}

KernelScan& KernelScan::operator=(KernelScan&& other) noexcept {
  std::swap(program_, other.program_);
  return *this;
}

KernelScan::~KernelScan() { RmUnloadScan(&program_); }

Result<void> KernelScan::Run(std::span<const uint64_t> numbers, const Options& options,
                             const Tell& tell) {
  const size_t mask = program_.words - 1;
  std::fill_n(program_.numbers, program_.words, 0);
  for (const uint64_t number : numbers) {
    const uint64_t hash = RM_NUMBER_HASH(number);
    program_.numbers[RM_NUMBER_WORD(hash) & mask] |= RM_NUMBER_BITS(hash);
  }
  const unsigned shards = std::clamp(options.threads, 1u, unsigned{RM_MOST_SHARDS});
  RmQuestion& question = *program_.question;
  question = {.word_mask = static_cast<uint32_t>(mask),
              .shards = shards,
              .directories = options.directories,
              .backing = BackingMode()};
  std::atomic<int> failed = 0;
  const auto work = [&](unsigned shard) {
    question.tids[shard] = static_cast<uint32_t>(syscall(SYS_gettid));
    try {
      if (const int error = ReadShard(program_, shard, options.cancel, tell)) failed = error;
    } catch (const std::bad_alloc&) {
      failed = ENOMEM;
    }
    question.tids[shard] = 0;  // this thread, or another of its number, may take up another shard
  };
  unsigned started = 1;
  {
    std::vector<std::jthread> threads;
    threads.reserve(shards);
    try {
      for (; started < shards; ++started) threads.emplace_back(work, started);
    } catch (const std::system_error&) {
      // A limit on threads only makes it slower.
    }
    work(0);
    while (started < shards) work(started++);
  }
  if (failed) {
    return Fail(failed == ENOMEM ? kOutOfMemory : kAccessDenied,
                "The BPF program in the kernel gave no answer: {}.", strerror(failed));
  }
  return {};
}

}  // namespace rm
