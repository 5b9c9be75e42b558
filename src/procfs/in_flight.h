// May a descriptor that was sent to a socket, and has not been received, be of one of the files?
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>

#include "procfs/target_set.h"

namespace rm {

// `socket` is the inode of what the process has as descriptor `fd`, `count` the number of
// descriptors that wait there. No, if all of them are in the message that is received next: then
// they are looked at, by a child, since to close a copy may have to wait for a server. Yes, if one
// has the number of a file, is a socket or a ring, which may have more in it, or cannot be seen.
// None: the child did not answer within a second. To ask takes it a millisecond.
std::optional<bool> MayHaveInFlight(pid_t tid, int fd, uint64_t socket, uint64_t count,
                                    const TargetSet& targets);

}  // namespace rm
