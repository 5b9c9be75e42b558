#include "cli/command.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

#include "cli/pidfd.h"

namespace rm::cli {
namespace {

// Everybody but `command`, whose status is still wanted.
void ReapStrangers(pid_t command) {
  for (;;) {
    siginfo_t info{};
    if (waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) != 0) return;
    if (info.si_pid == 0 || info.si_pid == command) return;
    waitpid(info.si_pid, nullptr, WNOHANG);
  }
}

// What the keys of a terminal send reaches all of its foreground. That the terminal is gone is told
// to the leader of the session alone, and to the others only when that one ends.
bool HeardByEverybody(const signalfd_siginfo& signal) {
  if (signal.ssi_code != SI_KERNEL) return false;
  return signal.ssi_signo != SIGHUP || getsid(0) != getpid();
}

void PassOn(int pidfd, pid_t command, StopSignals& signals) {
  while (const auto signal = signals.Next()) {
    if (signal->ssi_signo == SIGCHLD) {
      ReapStrangers(command);
    } else if (!HeardByEverybody(*signal)) {
      SignalPidfd(pidfd, static_cast<int>(signal->ssi_signo));
    }
  }
}

}  // namespace

Started StartCommand(const std::vector<std::string>& command, const StopSignals& signals) {
  std::vector<char*> arguments;
  for (const std::string& argument : command) {
    arguments.push_back(const_cast<char*>(argument.c_str()));
  }
  arguments.push_back(nullptr);

  prctl(PR_SET_CHILD_SUBREAPER, 1);
  int trouble[2];  // carries the errno of a failed exec; a successful one closes it
  if (pipe2(trouble, O_CLOEXEC) != 0) return {-1, errno};
  const pid_t pid = fork();
  if (pid == 0) {
    signals.RestoreInChild();
    execvp(arguments[0], arguments.data());
    const int error = errno;
    (void)!write(trouble[1], &error, sizeof error);
    _exit(127);
  }
  const int fork_error = errno;
  close(trouble[1]);
  int error = 0;
  const bool failed = pid > 0 && read(trouble[0], &error, sizeof error) == sizeof error;
  close(trouble[0]);
  if (pid < 0) return {-1, fork_error};
  if (failed) {
    waitpid(pid, nullptr, 0);
    return {-1, error};
  }
  return {pid, 0};
}

int AwaitCommand(pid_t pid, StopSignals& signals) {
  int status = 0;
  const int pidfd = OpenPidfd(pid);
  if (pidfd < 0) {  // no descriptor left: then without passing signals on
    waitpid(pid, &status, 0);
    return status;
  }
  pollfd ready[] = {{signals.fd(), POLLIN, 0}, {pidfd, POLLIN, 0}};
  while (ready[1].revents == 0) {
    if (poll(ready, 2, -1) < 0) continue;
    if (ready[0].revents != 0) PassOn(pidfd, pid, signals);
  }
  waitpid(pid, &status, 0);
  close(pidfd);
  ReapStrangers(pid);
  return status;
}

}  // namespace rm::cli
