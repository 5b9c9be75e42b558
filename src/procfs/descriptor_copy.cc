#include "procfs/descriptor_copy.h"

#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

namespace rm {
namespace {

constexpr unsigned kThread = O_EXCL;  // PIDFD_THREAD

}  // namespace

int CopyDescriptor(pid_t tid, int fd, UniqueFd& copy) {
  UniqueFd task(static_cast<int>(syscall(SYS_pidfd_open, tid, kThread)));
  if (!task && errno == EINVAL) task.Reset(static_cast<int>(syscall(SYS_pidfd_open, tid, 0)));
  if (!task) return errno;
  copy.Reset(static_cast<int>(syscall(SYS_pidfd_getfd, task.get(), fd, 0)));
  return copy ? 0 : errno;
}

}  // namespace rm
