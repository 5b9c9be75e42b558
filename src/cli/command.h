// How is the COMMAND of run started and waited for? In the foreground, as a shell would.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "cli/stop_signals.h"

namespace rm::cli {

struct Started {
  pid_t pid = -1;  // -1: it was not started
  int error = 0;   // errno of execvp(3), then
};

// In this process group and on this terminal, with the signals that restartctl was started with.
// What the command leaves behind becomes a child of this process (PR_SET_CHILD_SUBREAPER).
// Returns when the program has been executed or could not be.
Started StartCommand(const std::vector<std::string>& command, const StopSignals& signals);

// Waits for it, reaps what it left behind, and passes stop signals on; not those that the terminal
// sent, for then the command has got them itself. The status is of waitpid(2).
int AwaitCommand(pid_t pid, StopSignals& signals);

}  // namespace rm::cli
