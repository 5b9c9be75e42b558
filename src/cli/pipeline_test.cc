#include "cli/pipeline.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

namespace rm::cli {
namespace {

TEST(Pipeline, TheOneAtTheOtherEndIsFoundAndOthersAreNot) {
  int ends[2];
  ASSERT_EQ(pipe2(ends, O_CLOEXEC), 0);
  const pid_t writer = fork();
  if (writer == 0) {
    dup2(ends[1], STDOUT_FILENO);
    const auto pipes = OwnPipes();
    _exit(HasPipe(getppid(), pipes) ? 0 : 1);
  }
  int status = -1;
  waitpid(writer, &status, 0);
  EXPECT_EQ(status, 0);
  EXPECT_FALSE(HasPipe(getpid(), {"pipe:[0]"}));
  EXPECT_FALSE(HasPipe(getpid(), {}));
  close(ends[0]);
  close(ends[1]);
}

}  // namespace
}  // namespace rm::cli
