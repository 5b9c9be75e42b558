#include "abi/process_time.h"

#include <unistd.h>

#include <limits>

namespace rm {
namespace {

constexpr uint64_t kUnixEpoch = 116'444'736'000'000'000;  // 1970 in 100 ns units since 1601
constexpr uint64_t kNeverStarted = std::numeric_limits<uint64_t>::max();

int64_t TicksPerSecond() {
  static const int64_t ticks = sysconf(_SC_CLK_TCK);
  return ticks;
}

uint64_t StartOf(uint64_t ticks, int64_t boot_us) {
  return kUnixEpoch + 10 * (static_cast<uint64_t>(boot_us) + ticks * 1'000'000 / TicksPerSecond());
}

FILETIME Split(uint64_t time) {
  return FILETIME{static_cast<DWORD>(time), static_cast<DWORD>(time >> 32)};
}

}  // namespace

RM_UNIQUE_PROCESS ToUnique(const ProcessId& process, int64_t boot_us) {
  if (process.pid == 0) return {};
  return RM_UNIQUE_PROCESS{static_cast<DWORD>(process.pid),
                           Split(StartOf(process.start_ticks, boot_us))};
}

ProcessId ToProcess(const RM_UNIQUE_PROCESS& process, int64_t boot_us) {
  const uint64_t time = static_cast<uint64_t>(process.ProcessStartTime.dwHighDateTime) << 32 |
                        process.ProcessStartTime.dwLowDateTime;
  const ProcessId nobody{static_cast<pid_t>(process.dwProcessId), kNeverStarted};
  const uint64_t boot = StartOf(0, boot_us);
  if (time < boot) return nobody;
  const uint64_t unit = 10'000'000 / TicksPerSecond();
  const uint64_t ticks = (time - boot + unit / 2) / unit;
  if (StartOf(ticks, boot_us) != time) return nobody;
  return ProcessId{static_cast<pid_t>(process.dwProcessId), ticks};
}

FILETIME ToFileTime(int64_t unix_us) {
  return Split(kUnixEpoch + 10 * static_cast<uint64_t>(unix_us));
}

}  // namespace rm
