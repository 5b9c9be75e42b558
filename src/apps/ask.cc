#include "apps/ask.h"

#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

#include "base/start_ticks.h"

namespace rm {
namespace {

// Linux 5.3. glibc has no wrapper before 2.36.
int PidfdOpen(pid_t pid) { return static_cast<int>(syscall(SYS_pidfd_open, pid, 0)); }

Result<void> Send(int pidfd, int signal) {
  if (syscall(SYS_pidfd_send_signal, pidfd, signal, nullptr, 0) == 0 || errno == ESRCH) return {};
  if (errno == EPERM)
    return Fail(kAccessDenied,
                "The process belongs to another user and cannot be sent SIG{}; run this as that "
                "user or as root.",
                sigabbrev_np(signal));
  return Fail(kWriteFault, "The process cannot be sent SIG{}: {}.", sigabbrev_np(signal),
              strerror(errno));
}

}  // namespace

Result<UniqueFd> OpenProcess(const ProcessId& process) {
  UniqueFd pidfd(PidfdOpen(process.pid));
  if (!pidfd && errno != ESRCH)
    return Fail(kWriteFault, "Process {} cannot be opened: {}.", process.pid, strerror(errno));
  // The right start time now, after the pidfd was taken, proves that the pidfd is of this process.
  const UniqueFd directory = OpenProcessDirectory(process.pid);
  if (!pidfd || !directory || ReadStartTicks(directory.get()) != process.start_ticks)
    return Fail(kProcessGone, "Process {} has ended.", process.pid);
  return pidfd;
}

Result<void> AskToLeave(int pidfd, bool has_terminal) {
  Result<void> sent = Send(pidfd, SIGTERM);
  if (sent) sent = Send(pidfd, SIGCONT);
  if (sent && has_terminal) sent = Send(pidfd, SIGHUP);
  return sent;
}

Result<void> End(int pidfd) { return Send(pidfd, SIGKILL); }

}  // namespace rm
