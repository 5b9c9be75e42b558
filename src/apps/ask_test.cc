#include "apps/ask.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <csignal>

#include "apps/testing/programs.h"

namespace rm {
namespace {

using namespace rm::testing;

// A child that waits for signals and exits with the numbers of those it got.
class Recorder {
 public:
  explicit Recorder(int signals_wanted) {
    int ends[2];
    EXPECT_EQ(pipe(ends), 0);
    pid_ = Fork([&] {
      sigset_t all;
      sigfillset(&all);
      sigprocmask(SIG_SETMASK, &all, nullptr);
      (void)!write(ends[1], "r", 1);
      int got = 0;
      for (int i = 0; i < signals_wanted; ++i) {
        const int signal = sigwaitinfo(&all, nullptr);
        got |= signal == SIGTERM ? 1 : signal == SIGCONT ? 2 : signal == SIGHUP ? 4 : 64;
      }
      _exit(got);
    });
    char ready;
    EXPECT_EQ(read(ends[0], &ready, 1), 1);
    close(ends[0]);
    close(ends[1]);
  }
  pid_t pid() const { return pid_; }
  UniqueFd Open() const {
    auto pidfd = OpenProcess(Identify(pid_));
    EXPECT_TRUE(pidfd) << pidfd.error().message;
    return std::move(*pidfd);
  }

 private:
  pid_t pid_;
};

TEST(Ask, ProcessIsNotGoneBecauseWeHaveNoDescriptorLeft) {
  const Recorder program(1);
  const ProcessId id = Identify(program.pid());
  const int next = dup(0);  // the lowest that is free
  close(next);
  rlimit before{};
  getrlimit(RLIMIT_NOFILE, &before);
  for (const rlim_t free : {0u, 1u, 2u}) {
    const rlimit few{next + free, before.rlim_max};
    setrlimit(RLIMIT_NOFILE, &few);
    const auto opened = OpenProcess(id);
    setrlimit(RLIMIT_NOFILE, &before);
    ASSERT_FALSE(opened);
    EXPECT_NE(opened.error().code, kProcessGone) << free << " left";
  }
  kill(program.pid(), SIGKILL);
  Await(program.pid());
}

TEST(Ask, SendsTermAndCont) {
  const Recorder program(2);
  EXPECT_TRUE(AskToLeave(program.Open().get(), false));
  EXPECT_EQ(WEXITSTATUS(Await(program.pid())), 1 | 2);
}

TEST(Ask, SendsHupTooWhereThereIsATerminal) {
  const Recorder program(3);
  EXPECT_TRUE(AskToLeave(program.Open().get(), true));
  EXPECT_EQ(WEXITSTATUS(Await(program.pid())), 1 | 2 | 4);
}

TEST(Ask, MakesAStoppedProgramLeave) {
  const pid_t child = Fork([] {
    raise(SIGSTOP);
    pause();
  });
  EXPECT_EQ(waitpid(child, nullptr, WUNTRACED), child);
  EXPECT_TRUE(AskToLeave(OpenProcess(Identify(child))->get(), false));
  EXPECT_EQ(WTERMSIG(Await(child)), SIGTERM);
}

TEST(Ask, EndIsByForce) {
  const Recorder program(1);
  EXPECT_TRUE(End(program.Open().get()));
  EXPECT_EQ(WTERMSIG(Await(program.pid())), SIGKILL);
}

TEST(Ask, SomebodyWhoIsGoneHasLeft) {
  const Recorder program(1);
  const UniqueFd pidfd = program.Open();
  const ProcessId id = Identify(program.pid());
  EXPECT_TRUE(End(pidfd.get()));
  EXPECT_NE(Await(program.pid()), -1);
  EXPECT_TRUE(AskToLeave(pidfd.get(), true));
  EXPECT_TRUE(End(pidfd.get()));
  const auto again = OpenProcess(id);
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code, kProcessGone);
}

TEST(Ask, ALaterProcessWithThePidIsAnother) {
  ProcessId earlier = Identify(getpid());
  --earlier.start_ticks;
  const auto pidfd = OpenProcess(earlier);
  ASSERT_FALSE(pidfd);
  EXPECT_EQ(pidfd.error().code, kProcessGone);
}

TEST(Ask, TheOwnerOfAnEarlierBootHasEnded) {
  const auto pidfd = OpenProcess(ProcessId{});
  ASSERT_FALSE(pidfd);
  EXPECT_EQ(pidfd.error().code, kProcessGone);
}

TEST(Ask, SomebodyElsesProgramIsAnError) {
  if (geteuid() != 0) GTEST_SKIP() << "becoming another user needs root";
  const Recorder program(1);
  const ProcessId id = Identify(program.pid());
  const pid_t child = Fork([&] {
    if (setresuid(65534, 65534, 65534) != 0) _exit(1);
    const auto pidfd = OpenProcess(id);
    const auto asked = pidfd ? AskToLeave(pidfd->get(), false) : Result<void>{};
    const auto ended = pidfd ? End(pidfd->get()) : Result<void>{};
    _exit(!asked && asked.error().code == kAccessDenied && !ended ? 0 : 2);
  });
  EXPECT_EQ(Await(child), 0);
  EXPECT_TRUE(End(program.Open().get()));
  EXPECT_EQ(WTERMSIG(Await(program.pid())), SIGKILL);
}

}  // namespace
}  // namespace rm
