#include "real/instance.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>

#include "base/start_ticks.h"

namespace rm {
namespace {

int Left(TimePoint end) {
  const auto left = std::chrono::ceil<Milliseconds>(end - Clock::now()).count();
  return static_cast<int>(std::max<int64_t>(left, 0));
}

bool Readable(int fd, TimePoint end) {
  struct pollfd wait = {fd, POLLIN, 0};
  return poll(&wait, 1, Left(end)) > 0;
}

}  // namespace

ProcessId Identity(pid_t pid) {
  const UniqueFd directory = OpenProcessDirectory(pid);
  return {pid, ReadStartTicks(directory.get()).value_or(0)};
}

Program::Program(const std::vector<std::string>& argv) {
  int input[2], output[2];
  if (pipe2(input, O_CLOEXEC) != 0 || pipe2(output, O_CLOEXEC) != 0) abort();
  input_.Reset(input[1]);
  output_.Reset(output[0]);
  const UniqueFd child_input(input[0]), child_output(output[1]);
  std::vector<char*> words;
  for (const std::string& word : argv) words.push_back(const_cast<char*>(word.c_str()));
  words.push_back(nullptr);
  const pid_t pid = fork();
  if (pid == 0) {
    dup2(child_input.get(), 0);
    dup2(child_output.get(), 1);
    execvp(words[0], words.data());
    _exit(127);
  }
  id_ = Identity(pid);
  pidfd_.Reset(static_cast<int>(syscall(SYS_pidfd_open, pid, 0)));
}

Program::~Program() { Kill(); }

void Program::Write(const std::string& text) {
  EXPECT_EQ(write(input_.get(), text.data(), text.size()), static_cast<ssize_t>(text.size()));
}

std::string Program::ReadLine() {
  const TimePoint end = Clock::now() + kLimit;
  while (true) {
    const size_t newline = rest_.find('\n');
    if (newline != std::string::npos) {
      const std::string line = rest_.substr(0, newline);
      rest_.erase(0, newline + 1);
      return line;
    }
    char buffer[4096];
    if (!Readable(output_.get(), end)) return "";
    const ssize_t size = read(output_.get(), buffer, sizeof buffer);
    if (size <= 0) return "";
    rest_.append(buffer, static_cast<size_t>(size));
  }
}

bool Program::Ended() const { return waited_ || Readable(pidfd_.get(), Clock::now()); }

int Program::Wait() {
  if (!waited_ && Readable(pidfd_.get(), Clock::now() + kLimit)) {
    waited_ = true;
    waitpid(id_.pid, &status_, 0);
  }
  return waited_ && WIFEXITED(status_) ? WEXITSTATUS(status_) : -1;
}

void Program::Kill() {
  if (waited_) return;
  syscall(SYS_pidfd_send_signal, pidfd_.get(), SIGKILL, nullptr, 0);
  waitpid(id_.pid, &status_, 0);
  waited_ = true;
}

bool Await(Manager& manager, const std::function<bool()>& condition) {
  const TimePoint end = Clock::now() + kLimit;
  while (!condition()) {
    if (Clock::now() >= end) return false;
    struct pollfd wait = {manager.fd(), manager.events(), 0};
    poll(&wait, 1, Left(std::min(end, manager.deadline().value_or(end))));
    const Result<void> dispatched = manager.Dispatch();
    if (!dispatched) {
      ADD_FAILURE() << dispatched.error().message;
      return false;
    }
  }
  return true;
}

std::unique_ptr<Manager> Connected(std::optional<uid_t> user) {
  Result<std::unique_ptr<Manager>> manager = Manager::Connect(user);
  if (!manager) {
    ADD_FAILURE() << manager.error().message;
    abort();
  }
  return std::move(*manager);
}

Units::Units(Manager& manager, std::vector<std::string> names)
    : manager_(manager), names_(std::move(names)) {
  for (const std::string& name : names_) {
    EXPECT_TRUE(manager_.Watch(name)) << name;
    EXPECT_TRUE(manager_.StartUnit(name)) << name;
  }
  EXPECT_TRUE(AwaitRunning());
}

Units::~Units() {
  for (const std::string& name : names_) {
    (void)manager_.KillUnit(name, SIGKILL);
    (void)manager_.QueueStop(name);
  }
  EXPECT_TRUE(Await(manager_, [&] {
    return Each([](const UnitState& state) { return state.stopped() && state.job == 0; });
  }));
  for (const std::string& name : names_) {
    (void)manager_.ResetFailed(name);
    manager_.Unwatch(name);
  }
}

bool Units::Each(const std::function<bool(const UnitState&)>& condition) const {
  return std::all_of(names_.begin(), names_.end(),
                     [&](const std::string& name) { return condition(manager_.State(name)); });
}

bool Units::AwaitRunning() {
  return Await(manager_, [&] {
    return Each([](const UnitState& state) {
      return state.active_state == "active" && state.main_pid != 0 && state.job == 0;
    });
  });
}

bool Units::AwaitDown() {
  return Await(manager_, [&] {
    return Each([](const UnitState& state) { return state.stopped() && state.start_queued(); });
  });
}

std::vector<pid_t> Units::Pids() const {
  std::vector<pid_t> pids;
  for (const std::string& name : names_) pids.push_back(manager_.State(name).main_pid);
  return pids;
}

TestHold::TestHold(Manager& manager, const ProcessId& owner, std::vector<std::string> units,
                   std::vector<std::string> guard_options)
    : manager_(manager) {
  static int count = 0;
  hold_.session = "t" + std::to_string(getpid()) + "_" + std::to_string(++count);
  hold_.owner = owner;
  hold_.guard = {RM_GUARD, "hold", hold_.session, std::to_string(owner.pid),
                 std::to_string(owner.start_ticks)};
  hold_.guard.insert(hold_.guard.end(), guard_options.begin(), guard_options.end());
  hold_.units = std::move(units);
  const Result<void> begun = manager_.BeginHold(hold_);
  EXPECT_TRUE(begun) << begun.error().message;
  EXPECT_TRUE(manager_.Watch(HoldUnitName(hold_.session)));
}

TestHold::~TestHold() {
  EXPECT_TRUE(manager_.EndHold(hold_.session));
  EXPECT_TRUE(AwaitGone());
  manager_.Unwatch(HoldUnitName(hold_.session));
}

pid_t TestHold::GuardPid() {
  const Result<UnitState> state = manager_.Query(HoldUnitName(hold_.session));
  return state ? state->main_pid : 0;
}

void TestHold::KillGuard() {
  const pid_t pid = GuardPid();
  ASSERT_GT(pid, 1);
  const UniqueFd pidfd(static_cast<int>(syscall(SYS_pidfd_open, pid, 0)));
  ASSERT_EQ(syscall(SYS_pidfd_send_signal, pidfd.get(), SIGKILL, nullptr, 0), 0);
}

bool TestHold::AwaitGone() {
  return Await(manager_, [&] {
    const UnitState& state = manager_.State(HoldUnitName(hold_.session));
    return state.job == 0 && state.stopped();
  });
}

void Print(const std::string& what, TimePoint since) {
  const auto spent = std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - since);
  printf("             %s: %.1f ms\n", what.c_str(), static_cast<double>(spent.count()) / 1000);
}

}  // namespace rm
