// How is something done that may never end? By a process that can be left behind.
#pragma once

#include <chrono>
#include <functional>

#include "base/result.h"
#include "base/unique_fd.h"

namespace rm {

// Runs `work` in a child that is no child of the caller's for long, and has none of its descriptors
// but `kept`, which may be -1. What `work` writes to `out` is read from what is returned; when it
// returns, the child ends. A child that hangs is killed after `limit` by a timer of its own, as
// soon as the kernel lets go of it. 14: no child can be started.
Result<UniqueFd> StartChild(const std::function<void(int out)>& work, int kept,
                            std::chrono::milliseconds limit);

// For the child: starts its timer anew.
void LiveOn(std::chrono::milliseconds limit);

}  // namespace rm
