#include "cli/ancestry.h"

#include <gmock/gmock.h>
#include <sys/wait.h>
#include <unistd.h>

namespace rm::cli {
namespace {

TEST(Ancestry, AStatLineIsReadBehindTheLastParenthesis) {
  const auto self = ParseStat("12 (a) b (c)) S 7 1 1 0 -1 4194368 0 0");
  ASSERT_TRUE(self);
  EXPECT_EQ(self->pid, 12);
  EXPECT_EQ(self->parent, 7);
  EXPECT_TRUE(self->forked_only);
  EXPECT_FALSE(ParseStat("12 (sh) S 7 1 1 0 -1 4194304 0 0")->forked_only);
  EXPECT_FALSE(ParseStat(""));
  EXPECT_FALSE(ParseStat("12 (sh) S"));
}

TEST(Ancestry, ItLeadsFromHereToPid1AndLeavesThatOut) {
  const auto ancestry = AncestryOf(getpid());
  ASSERT_GE(ancestry.size(), 1u);
  EXPECT_EQ(ancestry[0].pid, getpid());
  EXPECT_EQ(ancestry[0].parent, getppid());
  EXPECT_GT(ancestry.back().pid, 1);
}

TEST(Ancestry, TheShellIsTheOneThatWasExecutedNotItsSubshells) {
  EXPECT_EQ(CallingShell({{30, 20, true}, {20, 10, true}, {10, 5, false}, {5, 1, false}}), 10);
  EXPECT_EQ(CallingShell({{10, 5, false}}), 10);
}

TEST(Ancestry, ADaemonThatOnlyForkedIsItsOwnShell) {
  EXPECT_EQ(CallingShell({{30, 20, true}, {20, 1, true}}), 20);
  EXPECT_EQ(CallingShell({}), std::nullopt);
}

TEST(Ancestry, TheKernelMarksAForkThatExecutedNothing) {
  EXPECT_FALSE(AncestryOf(getpid())[0].forked_only);
  const pid_t child = fork();
  if (child == 0) _exit(AncestryOf(getpid())[0].forked_only ? 0 : 1);
  int status = -1;
  waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
}

}  // namespace
}  // namespace rm::cli
