#include "cli/command.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <pty.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

#include "cli/exit_codes.h"

namespace rm::cli {
namespace {

int StatusOf(const std::vector<std::string>& command) {
  StopSignals signals;
  const Started started = StartCommand(command, signals);
  return started.pid < 0 ? -started.error : ExitCodeOfStatus(AwaitCommand(started.pid, signals));
}

TEST(Command, ItsStatusIsTheOneThatAShellWouldSee) {
  EXPECT_EQ(StatusOf({"true"}), 0);
  EXPECT_EQ(StatusOf({"sh", "-c", "exit 7"}), 7);
  EXPECT_EQ(StatusOf({"sh", "-c", "kill -KILL $$"}), 128 + SIGKILL);
}

TEST(Command, WhatCannotBeExecutedIsNotRun) {
  EXPECT_EQ(StatusOf({"no-such-command-anywhere"}), -ENOENT);
  EXPECT_EQ(StatusOf({"/dev/null"}), -EACCES);
}

TEST(Command, ASignalFromAnotherProcessIsPassedOn) {
  // The command asks its parent, this program, to end; the answer is that the command ends.
  EXPECT_EQ(StatusOf({"sh", "-c", "kill -TERM $PPID; read forever </dev/zero"}), 128 + SIGTERM);
}

// Only the leader of the session is told when its terminal is closed.
TEST(Command, TheEndOfItsTerminalIsPassedOn) {
  int terminal = -1;
  const pid_t leader = forkpty(&terminal, nullptr, nullptr, nullptr);
  ASSERT_GE(leader, 0);
  if (leader == 0) _exit(StatusOf({"sh", "-c", "echo; exec sleep 300"}));
  char byte = 0;
  EXPECT_EQ(read(terminal, &byte, 1), 1) << "the command runs";
  close(terminal);
  int status = 0;
  ASSERT_EQ(waitpid(leader, &status, 0), leader);
  EXPECT_EQ(WIFEXITED(status) ? WEXITSTATUS(status) : -1, 128 + SIGHUP);
}

TEST(Command, ItGetsTheSignalsThatTheProgramWasStartedWith) {
  // Bits 0, 1, 2, 12, 14, 16: HUP, INT, QUIT, PIPE, TERM, CHLD.
  EXPECT_EQ(StatusOf({"sh", "-c",
                      "while read name bits; do case $name in SigBlk:|SigIgn:) "
                      "test $((0x$bits & 0x15007)) = 0 || exit 1;; esac; done </proc/self/status"}),
            0);
}

TEST(Command, WhatWasIgnoredBeforeStaysIgnored) {
  struct sigaction ignore {};
  struct sigaction old {};
  ignore.sa_handler = SIG_IGN;
  sigaction(SIGHUP, &ignore, &old);
  {
    StopSignals signals;
    kill(getpid(), SIGHUP);
    EXPECT_FALSE(signals.Next());
  }
  EXPECT_EQ(StatusOf({"sh", "-c", "kill -HUP $$; exit 5"}), 5);
  sigaction(SIGHUP, &old, nullptr);
}

TEST(Command, WhatItLeavesBehindIsReapedWhileItRuns) {
  // A zombie can still be signalled. The limit on processor time ends the loop if it never goes.
  EXPECT_EQ(StatusOf({"sh", "-c",
                      "orphan=$(sh -c '(exit 8) & echo $!'); ulimit -t 20; "
                      "while kill -0 $orphan 2>/dev/null; do :; done; exit 4"}),
            4);
  int reaper = 0;
  prctl(PR_GET_CHILD_SUBREAPER, &reaper);
  EXPECT_EQ(reaper, 1);
}

TEST(Command, AStopSignalRequestsAStop) {
  StopSignals signals;
  StopOnSignal watch(signals);
  int told[2];
  ASSERT_EQ(pipe2(told, O_CLOEXEC), 0);
  std::stop_callback tell(watch.token(), [&] { (void)!write(told[1], "x", 1); });
  ASSERT_EQ(kill(getpid(), SIGINT), 0);
  char byte = 0;
  EXPECT_EQ(read(told[0], &byte, 1), 1);
  EXPECT_TRUE(watch.token().stop_requested());
  close(told[0]);
  close(told[1]);
}

}  // namespace
}  // namespace rm::cli
