// Who dies of a file size limit? Not the caller: write(2) beyond RLIMIT_FSIZE then fails with EFBIG
// instead of ending the process by SIGXFSZ.
#pragma once

#include <csignal>
#include <ctime>

namespace rm {

class FileLimitShield {
 public:
  FileLimitShield() {
    sigemptyset(&signal_);
    sigaddset(&signal_, SIGXFSZ);
    ::pthread_sigmask(SIG_BLOCK, &signal_, &before_);
  }
  ~FileLimitShield() {
    if (sigismember(&before_, SIGXFSZ) == 1) return;
    // Sent to this thread alone, so that it can be taken away again before it is let through.
    constexpr timespec kNow{};
    ::sigtimedwait(&signal_, nullptr, &kNow);
    ::pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  }
  FileLimitShield(const FileLimitShield&) = delete;
  FileLimitShield& operator=(const FileLimitShield&) = delete;

 private:
  sigset_t signal_{};
  sigset_t before_{};
};

}  // namespace rm
