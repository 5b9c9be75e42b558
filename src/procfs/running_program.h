// Does a process still run the program that it ran, with the same rights? execve(2) keeps its pid
// and its start time, and may give it other rights: a login is root until it executes its user's
// shell.
#pragma once

#include <string>

#include "base/unique_fd.h"

namespace rm {

class RunningProgram {
 public:
  // 0 or an errno. What is looked at from now on is of this program, if it is still there then.
  int Open(int process_directory);
  // Of /proc/PID: status.
  const std::string& status() const { return status_; }
  // False also when it has ended.
  bool IsThere(int process_directory) const;

 private:
  UniqueFd before_, after_;
  std::string status_;
};

}  // namespace rm
