// What does a test do that mounts something? Its work in a child, in a mount namespace of its own.
#pragma once

#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include <functional>

namespace rm {

// In a child, so that its mounts are seen by nobody else and go with it. It leaves with 0.
inline int InChild(const std::function<void()>& work) {
  const pid_t child = fork();
  if (child == 0) {
    if (unshare(CLONE_NEWNS) || mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, "")) _exit(77);
    work();
    _exit(testing::Test::HasFailure() ? 1 : 0);
  }
  int status = 1;
  waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

#define EXPECT_CHILD(lacks, ...)                         \
  do {                                                   \
    const int left_with = InChild(__VA_ARGS__);          \
    if (left_with == 77) GTEST_SKIP() << "lacks " lacks; \
    EXPECT_EQ(left_with, 0);                             \
  } while (0)

}  // namespace rm
