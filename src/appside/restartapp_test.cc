// Does another process see what a program has registered?
#include <gmock/gmock.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <optional>
#include <string>

#include "apps/registration.h"
#include "base/start_ticks.h"

namespace rm {
namespace {

using ::testing::ElementsAre;

// restartapp-in-c, serving: one line to it, one "ready" back.
class Program {
 public:
  Program() {
    int ends[2];
    EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    pid_ = fork();
    if (pid_ == 0) {
      dup2(ends[1], 0);
      dup2(ends[1], 1);
      execl(RESTARTAPP_IN_C, RESTARTAPP_IN_C, "serve", nullptr);
      _exit(99);
    }
    close(ends[1]);
    end_.Reset(ends[0]);
    AwaitReady();
  }
  ~Program() {
    end_.Reset();
    waitpid(pid_, nullptr, 0);
  }

  void Do(const std::string& line) {
    EXPECT_EQ(write(end_.get(), line.data(), line.size()), static_cast<ssize_t>(line.size()));
    AwaitReady();
  }
  ProcessId id() const { return {pid_, *ReadStartTicks(OpenProcessDirectory(pid_).get())}; }

 private:
  void AwaitReady() {
    std::string text;
    pollfd wait{end_.get(), POLLIN, 0};
    for (char c;
         !text.ends_with('\n') && poll(&wait, 1, 20'000) == 1 && read(end_.get(), &c, 1) == 1;)
      text += c;
    EXPECT_EQ(text, "ready\n");
  }

  pid_t pid_ = 0;
  UniqueFd end_;
};

std::optional<RestartRegistration> Registration(const ProcessId& process) {
  auto read = ReadRestartRegistration(process);
  EXPECT_TRUE(read) << read.error().message;
  return *read;
}

TEST(RestartApp, IsReadFromAnotherProcess) {
  Program program;
  const auto registered = Registration(program.id());
  ASSERT_TRUE(registered);
  EXPECT_THAT(registered->arguments, ElementsAre("--open", "my file", "$HOME"));
  EXPECT_EQ(registered->flags, 8u);
}

TEST(RestartApp, IsTheLastOneRegistered) {
  Program program;
  program.Do("argv\n");
  const auto registered = Registration(program.id());
  ASSERT_TRUE(registered);
  EXPECT_THAT(registered->arguments, ElementsAre("a b", "", "\xff"));
  program.Do("unregister\n");
  EXPECT_FALSE(Registration(program.id()));
}

TEST(RestartApp, EndsWithExec) {
  Program program;
  const ProcessId id = program.id();
  program.Do("exec\n");
  EXPECT_EQ(program.id(), id);
  EXPECT_FALSE(Registration(id));
}

TEST(RestartApp, IsNotThatOfAnotherProcessWithThePid) {
  Program program;
  ProcessId earlier = program.id();
  --earlier.start_ticks;
  EXPECT_FALSE(Registration(earlier));
}

// What `nm` says in its output about the library's own symbols.
std::string ExportedSymbols() {
  int ends[2];
  EXPECT_EQ(pipe(ends), 0);
  const pid_t child = fork();
  if (child == 0) {
    dup2(ends[1], 1);
    execlp("nm", "nm", "-D", "--defined-only", "--format=just-symbols", RESTARTAPP_SO, nullptr);
    _exit(99);
  }
  close(ends[1]);
  const UniqueFd output(ends[0]);
  std::string text;
  char some[256];
  for (ssize_t size; (size = read(output.get(), some, sizeof some)) > 0;) text.append(some, size);
  waitpid(child, nullptr, 0);
  return text;
}

TEST(RestartApp, ExportsItsFunctionsAndNothingElse) {
  EXPECT_EQ(ExportedSymbols(),
            "ApplicationRecoveryFinished@@RESTARTAPP_1\n"
            "ApplicationRecoveryInProgress@@RESTARTAPP_1\n"
            "GetApplicationRecoveryCallback@@RESTARTAPP_1\n"
            "GetApplicationRestartSettings@@RESTARTAPP_1\n"
            "RESTARTAPP_1\n"
            "RegisterApplicationRecoveryCallback@@RESTARTAPP_1\n"
            "RegisterApplicationRestart@@RESTARTAPP_1\n"
            "RmxGetCloseDescriptor@@RESTARTAPP_1\n"
            "RmxPumpCloseRequests@@RESTARTAPP_1\n"
            "RmxRegisterApplicationRestartArgv@@RESTARTAPP_1\n"
            "RmxRegisterCloseHandler@@RESTARTAPP_1\n"
            "RmxUnregisterCloseHandler@@RESTARTAPP_1\n"
            "UnregisterApplicationRecoveryCallback@@RESTARTAPP_1\n"
            "UnregisterApplicationRestart@@RESTARTAPP_1\n");
}

}  // namespace
}  // namespace rm
