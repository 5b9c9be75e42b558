// What does the exit status of restartctl say? The table is in restartctl(8).
#pragma once

#include <cstdint>

namespace rm::cli {

inline constexpr int kExitNobody = 1;     // who: nobody uses it
inline constexpr int kExitStale = 1;      // stale: somebody runs outdated code
inline constexpr int kExitWhoFailed = 2;  // who, stale: could not be answered
inline constexpr int kExitLeftOver = 119;
inline constexpr int kExitNotStopped = 120;
inline constexpr int kExitReboot = 121;
inline constexpr int kExitNotBack = 122;
inline constexpr int kExitCancelled = 123;
inline constexpr int kExitUsage = 124;
inline constexpr int kExitBroken = 125;
inline constexpr int kExitCannotExecute = 126;
inline constexpr int kExitNotFound = 127;

// For a failure with this ERROR_ code; 0 for ERROR_SUCCESS.
int ExitCodeOfError(uint32_t code);

// As a shell says it: the status, or 128+N when a signal ended it. `status` is of waitpid(2).
int ExitCodeOfStatus(int status);

// For a program that could not be executed. `error` is the errno of execve(2).
int ExitCodeOfExec(int error);

}  // namespace rm::cli
