// When did the process start that has this pid now? With the pid, that tells it from a later one.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/unique_fd.h"

namespace rm {

// The directory /proc/PID. Everything read through it is about this one process: after its end the
// reads fail, also when the pid is used again. Invalid: no such process (errno).
UniqueFd OpenProcessDirectory(pid_t pid);

// Field 22 of `stat` in that directory (proc(5)), clock ticks since boot. None: errno says why;
// ENOENT and ESRCH, the process is gone.
std::optional<uint64_t> ReadStartTicks(int process_directory);

// The same from the text of `stat`, whose second field, in parentheses, may hold anything.
std::optional<uint64_t> ParseStartTicks(std::string_view stat);

// On the same clock, in the caller's time namespace.
uint64_t TicksNow();

}  // namespace rm
