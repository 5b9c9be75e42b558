// Which AF_UNIX sockets are there, in the calling thread's network namespace? sock_diag(7)
#pragma once

#include <linux/rtnetlink.h>
#include <linux/unix_diag.h>

#include <cstdint>
#include <functional>

namespace rm {

// Calls `look` with each attribute (UNIX_DIAG_...) of each socket, one by one: there is no limit to
// how many somebody makes. `states`: a bit for each TCP_... state; `show`: UDIAG_SHOW_... False:
// the kernel does not tell, or not to the end.
bool ForEachUnixSocket(uint32_t states, uint32_t show,
                       const std::function<void(const unix_diag_msg&, const rtattr&)>& look);

}  // namespace rm
