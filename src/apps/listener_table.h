// Who says that they listen for the question whether they would leave
// (docs/application-protocol.md)? Names that everybody is free to take.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>

namespace rm {

struct ListenerClaim {
  pid_t pid = 0;             // that the address names
  uint64_t inode = 0;        // of the socket
  std::string_view address;  // abstract, without the NUL before it
};

// The pid that an address is made for, written as ListenerPrefix writes it.
std::optional<pid_t> PidOf(std::string_view address);

// A line of /proc/net/unix, see proc(5). A name may have line feeds in it, so that a line proves
// nothing.
std::optional<ListenerClaim> ParseListener(std::string_view line);

// All in the calling thread's network namespace, one by one: there is no limit to how many somebody
// makes. As sock_diag(7) tells; where it does not, by the lines of /proc/net/unix.
void ForEachListener(const std::function<void(const ListenerClaim&)>& tell);

}  // namespace rm
