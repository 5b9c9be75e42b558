// Which of these processes listen for the question whether they would leave
// (docs/application-protocol.md)?
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "model/process.h"

namespace rm {

// As it was at one moment, in the calling thread's network namespace. Who lives in another one
// cannot be reached, and so does not answer.
class Listeners {
 public:
  Listeners() = default;
  // Takes as long as there are sockets that are listened at, and hardly more memory than the
  // processes have descriptors, however many take names after them.
  static Listeners Among(const std::vector<ProcessId>& processes);

  // The abstract address, without the NUL before it, of a socket that this very process still has
  // open. None: it had none, it has ended, or its descriptors may not be looked at.
  std::optional<std::string> Of(const ProcessId& process) const;

 private:
  struct Listener {
    uint64_t inode;
    std::string address;
  };
  std::map<ProcessId, Listener> found_;
};

}  // namespace rm
