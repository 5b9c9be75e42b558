// Who decides what Ctrl-C means? This program, at each moment, instead of the kernel.
#pragma once

#include <signal.h>
#include <sys/signalfd.h>

#include <optional>
#include <stop_token>
#include <thread>

namespace rm::cli {

// While it lives, SIGINT, SIGTERM, SIGHUP, SIGQUIT and SIGCHLD wait to be read in this thread and
// in those it begins, and SIGPIPE is ignored. A signal that was ignored before (nohup) stays
// ignored.
class StopSignals {
 public:
  StopSignals();
  ~StopSignals();
  StopSignals(const StopSignals&) = delete;
  StopSignals& operator=(const StopSignals&) = delete;

  // Readable when a signal waits.
  int fd() const { return fd_; }
  // Does not block. None: no signal waits.
  std::optional<signalfd_siginfo> Next();
  // Gives a forked child what this program was started with. Async-signal-safe.
  void RestoreInChild() const;

 private:
  int fd_ = -1;
  sigset_t old_mask_{};
  struct sigaction old_pipe_ {};
  struct sigaction old_child_ {};
};

// While it lives, the first stop signal requests a stop.
class StopOnSignal {
 public:
  explicit StopOnSignal(StopSignals& signals);
  ~StopOnSignal();
  StopOnSignal(const StopOnSignal&) = delete;
  StopOnSignal& operator=(const StopOnSignal&) = delete;

  std::stop_token token() const { return stop_.get_token(); }

 private:
  void Watch();

  StopSignals& signals_;
  int finished_ = -1;  // eventfd
  std::stop_source stop_;
  std::thread thread_;
};

}  // namespace rm::cli
