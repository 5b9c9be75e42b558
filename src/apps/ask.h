// How is a process that is no service asked to leave, or made to? By signals to its pidfd.
#pragma once

#include "base/result.h"
#include "base/unique_fd.h"
#include "base/win32_codes.h"
#include "model/process.h"

namespace rm {

// The code of OpenProcess for a process that has ended.
inline constexpr uint32_t kProcessGone = kFileNotFound;

// A pidfd of exactly this process, whatever its pid belongs to by now. kProcessGone: it has ended.
Result<UniqueFd> OpenProcess(const ProcessId& process);

// Of whose pid cannot be told more, it counts as alive.
bool IsAlive(const ProcessId& process);

// SIGTERM and SIGCONT (a stopped program has to run to leave), and SIGHUP for one with a
// controlling terminal: interactive shells ignore SIGTERM. Does not wait. A process that is gone
// already is no failure; kAccessDenied: it belongs to somebody else.
Result<void> AskToLeave(int pidfd, bool has_terminal);

// SIGKILL; otherwise as AskToLeave.
Result<void> End(int pidfd);

}  // namespace rm
