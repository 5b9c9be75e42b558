// What happens to an open database when the process forks? It must be closed before: SQLite's locks
// belong to the process that took them, and the child would believe it has them
// (sqlite.org/howtocorrupt.html, 2.6).
#pragma once

#include <functional>

namespace rm {

// While it lives, fork(2) calls `before`, and then `after` in parent and child. `before` may block.
// vfork, posix_spawn and raw clone(2) call neither.
class ForkGuard {
 public:
  ForkGuard(std::function<void()> before, std::function<void()> after);
  ~ForkGuard();
  ForkGuard(const ForkGuard&) = delete;
  ForkGuard& operator=(const ForkGuard&) = delete;

 private:
  friend struct ForkHandlers;
  std::function<void()> before_;
  std::function<void()> after_;
};

}  // namespace rm
