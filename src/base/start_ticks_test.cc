#include "base/start_ticks.h"

#include <gtest/gtest.h>
#include <sys/wait.h>

namespace rm {
namespace {

TEST(StartTicks, AreField22WhateverTheNameIs) {
  EXPECT_EQ(ParseStartTicks("7 (a) b) R 1 7 7 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 4711 99 1"),
            4711u);
  EXPECT_EQ(ParseStartTicks("7 (x) R 1 7 7 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0"), std::nullopt);
  EXPECT_EQ(ParseStartTicks("7 (x) R 1 7 7 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 47"),
            std::nullopt);
  EXPECT_EQ(ParseStartTicks(""), std::nullopt);
}

TEST(StartTicks, AreNoneAfterTheEndOfTheProcess) {
  const pid_t child = fork();
  if (child == 0) {
    pause();
    _exit(0);
  }
  const UniqueFd directory = OpenProcessDirectory(child);
  ASSERT_TRUE(directory);
  const auto ticks = ReadStartTicks(directory.get());
  EXPECT_TRUE(ticks && *ticks >= *ReadStartTicks(OpenProcessDirectory(getpid()).get()));
  kill(child, SIGKILL);  // our own child, not yet waited for
  waitpid(child, nullptr, 0);
  EXPECT_EQ(ReadStartTicks(directory.get()), std::nullopt);
}

}  // namespace
}  // namespace rm
