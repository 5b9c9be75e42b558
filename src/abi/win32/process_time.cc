#include "abi/process_time.h"

namespace rm {
namespace {

constexpr uint64_t kUnixEpoch = 116'444'736'000'000'000;  // 1970 in 100 ns units since 1601

FILETIME Split(uint64_t time) {
  return FILETIME{static_cast<DWORD>(time), static_cast<DWORD>(time >> 32)};
}

}  // namespace

// The start times of Windows are FILETIMEs already (machine/win32/processes.h).
RM_UNIQUE_PROCESS ToUnique(const ProcessId& process, int64_t) {
  return RM_UNIQUE_PROCESS{static_cast<DWORD>(process.pid), Split(process.start_ticks)};
}

ProcessId ToProcess(const RM_UNIQUE_PROCESS& process, int64_t) {
  return ProcessId{static_cast<pid_t>(process.dwProcessId),
                   static_cast<uint64_t>(process.ProcessStartTime.dwHighDateTime) << 32 |
                       process.ProcessStartTime.dwLowDateTime};
}

FILETIME ToFileTime(int64_t unix_us) {
  return Split(kUnixEpoch + 10 * static_cast<uint64_t>(unix_us));
}

}  // namespace rm
