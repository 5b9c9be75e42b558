#include "procfs/child_process.h"

#include <fcntl.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>

#include "base/win32_codes.h"

namespace rm {
namespace {

using std::chrono::milliseconds;

void CloseAllBut(int one, int other) {
  int first = 3;
  for (const int fd : {std::min(one, other), std::max(one, other)}) {
    if (fd > first) close_range(static_cast<unsigned>(first), static_cast<unsigned>(fd) - 1, 0);
    first = std::max(first, fd + 1);
  }
  close_range(static_cast<unsigned>(first), ~0u, 0);
}

// In the child. It must not keep anything of the caller's open, nor outlive its timer; nor may an
// exception get out of it and go on as if it were the caller.
[[noreturn]] void Work(const std::function<void(int out)>& work, int kept, int out,
                       milliseconds limit) noexcept {
  if (out < 3) out = fcntl(out, F_DUPFD, 3);
  const int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);
  for (const int fd : {0, 1, 2})
    if (fd != kept) dup2(nothing, fd);
  CloseAllBut(out, kept);
  for (const int signal : {SIGALRM, SIGPIPE, SIGTERM}) std::signal(signal, SIG_DFL);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  LiveOn(limit);
  try {
    work(out);
  } catch (...) {
    _exit(1);
  }
  _exit(0);
}

}  // namespace

void LiveOn(milliseconds limit) {
  const auto seconds = std::chrono::ceil<std::chrono::seconds>(limit).count();
  const itimerval timer{.it_interval = {}, .it_value = {.tv_sec = seconds, .tv_usec = 0}};
  setitimer(ITIMER_REAL, &timer, nullptr);
}

// Its grandparent never has to wait for it.
Result<UniqueFd> StartChild(const std::function<void(int out)>& work, int kept,
                            milliseconds limit) {
  const auto failed = [] {
    return Fail(kOutOfMemory, "Cannot start a process: {}.", strerror(errno));
  };
  int ends[2];
  if (pipe2(ends, O_CLOEXEC)) return failed();
  UniqueFd in(ends[0]);
  const UniqueFd out(ends[1]);
  const pid_t between = fork();
  if (between < 0) return failed();
  if (between == 0) {
    const pid_t child = fork();
    if (child == 0) Work(work, kept, out.get(), limit);
    _exit(child < 0 ? 1 : 0);
  }
  while (waitpid(between, nullptr, 0) < 0 && errno == EINTR) {
  }
  return in;
}

}  // namespace rm
