#include "cli/stop_signals.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace rm::cli {
namespace {

int CheckFd(int fd, const char* what) {
  if (fd < 0) throw std::system_error(errno, std::generic_category(), what);
  return fd;
}

}  // namespace

StopSignals::StopSignals() {
  struct sigaction action {};
  action.sa_handler = SIG_IGN;
  sigaction(SIGPIPE, &action, &old_pipe_);
  action.sa_handler = SIG_DFL;
  sigaction(SIGCHLD, &action, &old_child_);

  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGCHLD);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGQUIT}) {
    struct sigaction old {};
    sigaction(signal, nullptr, &old);
    // A blocked signal is queued even where it is ignored (signal(7) is silent on it).
    if (old.sa_handler != SIG_IGN) sigaddset(&set, signal);
  }
  fd_ = CheckFd(signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK), "signalfd");
  pthread_sigmask(SIG_BLOCK, &set, &old_mask_);
}

StopSignals::~StopSignals() {
  while (Next()) {
  }
  close(fd_);
  RestoreInChild();
}

std::optional<signalfd_siginfo> StopSignals::Next() {
  signalfd_siginfo info{};
  if (read(fd_, &info, sizeof info) != sizeof info) return std::nullopt;
  return info;
}

void StopSignals::RestoreInChild() const {
  sigaction(SIGPIPE, &old_pipe_, nullptr);
  sigaction(SIGCHLD, &old_child_, nullptr);
  pthread_sigmask(SIG_SETMASK, &old_mask_, nullptr);
}

StopOnSignal::StopOnSignal(StopSignals& signals)
    : signals_(signals),
      finished_(CheckFd(eventfd(0, EFD_CLOEXEC), "eventfd")),
      thread_([this] { Watch(); }) {}

StopOnSignal::~StopOnSignal() {
  const uint64_t one = 1;
  (void)!write(finished_, &one, sizeof one);
  thread_.join();
  close(finished_);
}

void StopOnSignal::Watch() {
  pollfd ready[] = {{signals_.fd(), POLLIN, 0}, {finished_, POLLIN, 0}};
  while (ready[1].revents == 0) {
    if (poll(ready, 2, -1) < 0) continue;
    while (ready[0].revents != 0) {
      const auto signal = signals_.Next();
      if (!signal) break;
      if (signal->ssi_signo != SIGCHLD) stop_.request_stop();
    }
  }
}

}  // namespace rm::cli
