// Which /proc is read? The kernel's, or a captured copy of one.
#pragma once

#include <string>
#include <utility>

#include "base/result.h"
#include "base/unique_fd.h"

namespace rm {

// A directory descriptor on a /proc. Everything in this room is read relative to it. Shared freely
// between threads.
class ProcTree {
 public:
  // 5 when there is no procfs, or it may not be opened.
  static Result<ProcTree> Open(const std::string& directory = "/proc");

  // Another descriptor on the same tree. 14.
  Result<ProcTree> Clone() const;

  int fd() const { return fd_.get(); }
  // The procfs of our own pid namespace: its pids are good for system calls.
  bool live() const { return live_; }

 private:
  ProcTree(UniqueFd fd, bool live) : fd_(std::move(fd)), live_(live) {}

  UniqueFd fd_;
  bool live_;
};

}  // namespace rm
