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

void Complain(const Error& error) {
  fprintf(stderr, "rm-guard: the gates stay closed until the hold ends: %s\n",
          error.message.c_str());
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

}  // namespace

Result<void> WatchOwner(const HoldOptions& options) {
  const UniqueFd termination = OpenTermination();
  const UniqueFd owner = OpenOwner(options.owner);
  if (!owner) {
    return Fail(kFileNotFound, "Process {} has ended: nothing is held for it.", options.owner.pid);
  }
  Result<ProcTree> proc = ProcTree::Open();
  if (!proc) return Pass(std::move(proc));
  std::unique_ptr<Manager> manager;
  std::optional<Gatekeeper> gates;
  if (Result<std::unique_ptr<Manager>> connected = OwnManager(*proc)) {
    manager = std::move(*connected);
    gates.emplace(*manager, *proc, options.session, options.owner.pid, options.patience);
  } else {
    Complain(connected.error());
  }
  sd_notifyf(0, "STATUS=%s", kGuardWatches);

  while (true) {
    struct pollfd waits[] = {{owner.get(), POLLIN, 0},
                             {termination.get(), POLLIN, 0},
                             {manager ? manager->fd() : -1, 0, 0}};
    if (manager) waits[2].events = manager->events();
    const std::optional<TimePoint> deadline =
        manager ? Earlier(manager->deadline(), gates->deadline()) : std::nullopt;
    if (poll(waits, std::size(waits), Remaining(deadline)) < 0 && errno != EINTR) {
      return Fail(kWriteFault, "The owner cannot be watched: {}.", strerror(errno));
    }
    if (waits[1].revents) return {};
    if (waits[0].revents) {
      ToJournal()(OwnerDied(options.session, options.owner));
      return {};
    }
    if (!manager) continue;
    Result<void> looked = manager->Dispatch();
    if (looked) looked = gates->Look(Clock::now());
    if (!looked) {
      Complain(looked.error());
      gates.reset();
      manager.reset();
    }
  }
}

}  // namespace rm
