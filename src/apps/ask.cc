#include "apps/ask.h"

#include <poll.h>
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

// Whoever could not be looked at may well be there.
tl::unexpected<Error> CannotOpen(pid_t pid, int error) {
  if (error == ESRCH || error == ENOENT) return Fail(kProcessGone, "Process {} has ended.", pid);
  return Fail(kWriteFault, "Process {} cannot be opened: {}.", pid, strerror(error));
}

}  // namespace

Result<UniqueFd> OpenProcess(const ProcessId& process) {
  if (process.pid == 0) return Fail(kProcessGone, "It ended with an earlier boot.");
  if (process.pid < 0) return CannotOpen(process.pid, ESRCH);  // nobody
  UniqueFd pidfd(PidfdOpen(process.pid));
  if (!pidfd) return CannotOpen(process.pid, errno);
  // The right start time now, after the pidfd was taken, proves that the pidfd is of this process.
  const UniqueFd directory = OpenProcessDirectory(process.pid);
  if (!directory) return CannotOpen(process.pid, errno);
  const std::optional<uint64_t> ticks = ReadStartTicks(directory.get());
  if (!ticks) return CannotOpen(process.pid, errno);
  if (*ticks != process.start_ticks) return CannotOpen(process.pid, ESRCH);
  return pidfd;
}

bool IsAlive(const ProcessId& process) {
  const auto pidfd = OpenProcess(process);
  if (!pidfd) return pidfd.error().code != kProcessGone;
  pollfd ended{pidfd->get(), POLLIN, 0};
  return poll(&ended, 1, 0) == 0;
}

Result<void> AskToLeave(int pidfd, bool has_terminal) {
  Result<void> sent = Send(pidfd, SIGTERM);
  if (sent) sent = Send(pidfd, SIGCONT);
  if (sent && has_terminal) sent = Send(pidfd, SIGHUP);
  return sent;
}

Result<void> End(int pidfd) { return Send(pidfd, SIGKILL); }

}  // namespace rm
