// How is a process watched and signalled without meaning another one that got its pid?
#pragma once

#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

namespace rm::cli {

// By syscall(2): <sys/pidfd.h> of glibc 2.36 declares them for C only. -1 and errno on failure.
inline int OpenPidfd(pid_t pid) { return static_cast<int>(syscall(SYS_pidfd_open, pid, 0)); }

inline int SignalPidfd(int pidfd, int signal) {
  return static_cast<int>(syscall(SYS_pidfd_send_signal, pidfd, signal, nullptr, 0));
}

}  // namespace rm::cli
