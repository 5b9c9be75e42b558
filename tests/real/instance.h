// What do the tests inside a booted systemd have in common? Waiting for states, an installer's
// shell, a hold that is cleaned up.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/unique_fd.h"
#include "systemd/manager.h"

namespace rm {

// No test gets this far unless it fails.
inline constexpr Milliseconds kLimit{60'000};

// A child process whose standard input and output are pipes to the test. Killed at the end.
class Program {
 public:
  explicit Program(const std::vector<std::string>& argv);
  ~Program();

  ProcessId id() const { return id_; }
  void Write(const std::string& text);
  // Up to the next newline; "" at the end of the output or at the limit.
  std::string ReadLine();
  bool Ended() const;
  // Its exit status; -1 if it did not end by itself in time.
  int Wait();
  void Kill();

 private:
  ProcessId id_;
  UniqueFd pidfd_;
  UniqueFd input_;
  UniqueFd output_;
  std::string rest_;
  int status_ = -1;
  bool waited_ = false;
};

// Dispatches until the condition holds. False at the limit.
bool Await(Manager& manager, const std::function<bool()>& condition);

// Manager::Connect that fails the test.
std::unique_ptr<Manager> Connected(std::optional<uid_t> user = {});

ProcessId Identity(pid_t pid);

// The tests' view of a set of units: they run at the beginning and are stopped at the end.
class Units {
 public:
  Units(Manager& manager, std::vector<std::string> names);
  ~Units();

  const std::vector<std::string>& names() const { return names_; }
  bool AwaitRunning();
  // Nothing of any runs and every one has a queued start.
  bool AwaitDown();
  std::vector<pid_t> Pids() const;

 private:
  bool Each(const std::function<bool(const UnitState&)>& condition) const;

  Manager& manager_;
  std::vector<std::string> names_;
};

// A hold for `owner` with a name of its own. Ended at the end.
class TestHold {
 public:
  TestHold(Manager& manager, const ProcessId& owner, std::vector<std::string> units,
           std::vector<std::string> guard_options = {});
  ~TestHold();

  const std::string& session() const { return hold_.session; }
  Hold& hold() { return hold_; }
  pid_t GuardPid();
  void KillGuard();
  bool AwaitGone();

 private:
  Manager& manager_;
  Hold hold_;
};

void Print(const std::string& what, TimePoint since);

}  // namespace rm
