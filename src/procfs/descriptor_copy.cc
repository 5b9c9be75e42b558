#include "procfs/descriptor_copy.h"

#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

namespace rm {

int CopyDescriptor(pid_t pid, int fd, UniqueFd& copy) {
  const UniqueFd process(static_cast<int>(syscall(SYS_pidfd_open, pid, 0)));
  if (!process) return errno;
  copy.Reset(static_cast<int>(syscall(SYS_pidfd_getfd, process.get(), fd, 0)));
  return copy ? 0 : errno;
}

}  // namespace rm
