// What is behind a descriptor of another process, as one thing that does not change meanwhile?
#pragma once

#include <sys/types.h>

#include "base/unique_fd.h"

namespace rm {

// pidfd_getfd(2): the very open file. All that is asked of the copy is of that one, whatever the
// process puts in its place; /proc answers each question about what is there at that moment. 0 or
// an errno. Of whoever has the number now; a thread that is no leader may have a table of its own
// (Linux 6.9; EINVAL before). To close the copy may have to wait for a server.
int CopyDescriptor(pid_t tid, int fd, UniqueFd& copy);

}  // namespace rm
