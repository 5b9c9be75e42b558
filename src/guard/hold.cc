#include "guard/hold.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "base/start_ticks.h"
#include "base/unique_fd.h"
#include "base/win32_codes.h"
#include "guard/gatekeeper.h"
#include "journal/socket.h"
#include "procfs/process.h"
#include "systemd/cgroup.h"

namespace rm {
namespace {

// Invalid: the owner has ended.
UniqueFd OpenOwner(const ProcessId& owner) {
  UniqueFd pidfd(static_cast<int>(syscall(SYS_pidfd_open, owner.pid, 0)));
  if (!pidfd) return pidfd;
  // Under hidepid= a user's guard cannot read the start time of root's installer; the pidfd, made
  // while the caller waits for us, has to do.
  const UniqueFd directory = OpenProcessDirectory(owner.pid);
  const std::optional<uint64_t> ticks = directory ? ReadStartTicks(directory.get()) : std::nullopt;
  if (ticks && *ticks != owner.start_ticks) pidfd.Reset();
  return pidfd;
}

UniqueFd OpenTermination() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  sigprocmask(SIG_BLOCK, &signals, nullptr);
  return UniqueFd(signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK));
}

constexpr Milliseconds kPause{1000};

// The service manager that started this process.
Result<std::unique_ptr<Manager>> OwnManager(const ProcTree& proc) {
  Result<std::optional<ProcessFacts>> self = ReadProcess(proc, getpid());
  if (!self) return Pass(std::move(self));
  const std::optional<Owner> unit =
      *self ? OwnerFromCgroup((*self)->cgroup) : std::optional<Owner>();
  Result<std::unique_ptr<Manager>> manager =
      Manager::Connect(unit ? unit->unit.user : std::optional<uid_t>());
  if (!manager) return manager;
  Result<void> watches = (*manager)->WatchJobs();
  if (!watches) return Pass(std::move(watches));
  return manager;
}

int Remaining(std::optional<TimePoint> deadline) {
  if (!deadline) return -1;
  const auto left = std::chrono::ceil<Milliseconds>(*deadline - Clock::now()).count();
  return static_cast<int>(std::clamp<int64_t>(left, 0, 3'600'000));
}

std::optional<TimePoint> Earlier(std::optional<TimePoint> a, std::optional<TimePoint> b) {
  if (!a || !b) return a ? a : b;
  return std::min(*a, *b);
}

// The gates, for as long as it takes: an installer that waits for one waits for ever if PID 1 once
// refused us a call.
class GateWatch {
 public:
  GateWatch(const ProcTree& proc, const HoldOptions& options) : proc_(proc), options_(options) {}

  void Look() {
    if (pause_ && Clock::now() < *pause_) return;
    pause_.reset();
    if (Result<void> looked = TryToLook(); !looked) Pause(looked.error());
  }

  struct pollfd wait() const {
    if (!manager_ || pause_) return {-1, 0, 0};
    return {manager_->fd(), manager_->events(), 0};
  }

  std::optional<TimePoint> deadline() const {
    return pause_ ? pause_ : Earlier(manager_->deadline(), gates_->deadline());
  }

 private:
  Result<void> TryToLook() {
    if (!manager_) {
      Result<std::unique_ptr<Manager>> connected = OwnManager(proc_);
      if (!connected) return Pass(std::move(connected));
      manager_ = std::move(*connected);
      gates_.emplace(*manager_, proc_, options_.session, options_.owner.pid, options_.patience);
      gates_->WakeAt(Clock::now());
    }
    Result<void> looked = manager_->Dispatch();
    return looked ? gates_->Look(Clock::now()) : looked;
  }

  void Pause(const Error& why) {
    pause_ = Clock::now() + kPause;
    if (gates_) gates_->WakeAt(*pause_);
    if (std::exchange(complaint_, why.message) == why.message) return;
    fprintf(stderr, "rm-guard: no gate is opened for now: %s\n", why.message.c_str());
  }

  const ProcTree& proc_;
  const HoldOptions& options_;
  std::unique_ptr<Manager> manager_;
  std::optional<Gatekeeper> gates_;
  std::optional<TimePoint> pause_;
  std::string complaint_;  // the last one
};

}  // namespace

Result<void> WatchOwner(const HoldOptions& options) {
  const UniqueFd termination = OpenTermination();
  const UniqueFd owner = OpenOwner(options.owner);
  if (!owner) {
    return Fail(kFileNotFound, "Process {} has ended: nothing is held for it.", options.owner.pid);
  }
  Result<ProcTree> proc = ProcTree::Open();
  if (!proc) return Pass(std::move(proc));
  GateWatch gates(*proc, options);
  gates.Look();
  sd_notifyf(0, "STATUS=%s", kGuardWatches);

  while (true) {
    struct pollfd waits[] = {
        {owner.get(), POLLIN, 0}, {termination.get(), POLLIN, 0}, gates.wait()};
    if (poll(waits, std::size(waits), Remaining(gates.deadline())) < 0 && errno != EINTR) {
      return Fail(kWriteFault, "The owner cannot be watched: {}.", strerror(errno));
    }
    if (waits[1].revents) return {};
    if (waits[0].revents) {
      ToJournal()(OwnerDied(options.session, options.owner));
      return {};
    }
    gates.Look();
  }
}

}  // namespace rm
