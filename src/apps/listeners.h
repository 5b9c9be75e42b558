// Which processes listen for the question whether they would leave (docs/application-protocol.md)?
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "model/process.h"

namespace rm {

// The listening sockets of the calling thread's network namespace, as they were at one moment. Who
// lives in another one cannot be reached, and so does not answer.
class Listeners {
 public:
  static Listeners Read();
  // Of the text of /proc/net/unix, in which others choose the names.
  static Listeners Parse(std::string_view table);

  // The abstract address, without the NUL before it, of a socket that this very process has open.
  // None: it has none, it has ended, or its descriptors may not be looked at.
  std::optional<std::string> Of(const ProcessId& process) const;

  size_t size() const { return addresses_.size(); }

 private:
  void Add(std::string_view line);

  std::multimap<std::string, std::pair<uint64_t, std::string>> addresses_;  // by prefix: inode, all
};

}  // namespace rm
