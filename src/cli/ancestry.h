// From which processes does this one descend? They must not be stopped by it, and one of them is
// the shell that a session belongs to.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string_view>
#include <vector>

namespace rm::cli {

struct Ancestor {
  pid_t pid = 0;
  pid_t parent = 0;
  bool forked_only = false;  // has not executed a program since it was forked: a subshell
};

// One line of /proc/PID/stat (proc(5)). None: it is no such line.
std::optional<Ancestor> ParseStat(std::string_view line);

// `first` and those it descends from, nearest first; pid 1 is not included. Ends early at a process
// that has vanished.
std::vector<Ancestor> AncestryOf(pid_t first);

// The shell that called this program. In K=$(restartctl ...) the parent may be a subshell, a fork
// of the shell that is gone a moment later; so this is the nearest ancestor that was executed as a
// program of its own. None: there is no ancestor but pid 1.
std::optional<pid_t> CallingShell(const std::vector<Ancestor>& ancestry_of_parent);

}  // namespace rm::cli
