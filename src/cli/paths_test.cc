#include "cli/paths.h"

#include <gmock/gmock.h>
#include <unistd.h>

#include <cstdlib>
#include <string>

namespace rm::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

TEST(Paths, ARelativePathIsTakenFromTheCurrentDirectory) {
  EXPECT_EQ(AbsolutePath("a/./b//c", "/x"), "/x/a/b/c");
  EXPECT_EQ(AbsolutePath("../b", "/x/y"), "/x/b");
  EXPECT_EQ(AbsolutePath("./.././../../b", "/x/y"), "/b");
  EXPECT_EQ(AbsolutePath("//usr//lib/", "/x"), "/usr/lib");
  EXPECT_EQ(AbsolutePath(".", "/x"), "/x");
  EXPECT_EQ(AbsolutePath("/", "/x"), "/");
  EXPECT_EQ(AbsolutePath("..", "/"), "/");
  EXPECT_EQ(AbsolutePath("/../b", "/x"), "/b");
}

TEST(Paths, WhatIsAboveALinkIsLeftToTheKernel) {
  EXPECT_EQ(AbsolutePath("a/../b", "/x"), "/x/a/../b");
  EXPECT_EQ(AbsolutePath("../a/../../b", "/x/y"), "/x/a/../../b");
  EXPECT_EQ(AbsolutePath("/opt/current/../lib", "/x"), "/opt/current/../lib");
}

TEST(Paths, AListIsSeparatedByNulIfItHasOne) {
  using namespace std::string_literals;
  EXPECT_THAT(SplitNames("a\nb c\n\n"), ElementsAre("a", "b c"));
  EXPECT_THAT(SplitNames("a\nb\0c\0"s), ElementsAre("a\nb", "c"));
  EXPECT_THAT(SplitNames(""), IsEmpty());
}

TEST(Paths, ALinkThatLeadsNowhereIsThereAndATypingErrorOrALoopIsNot) {
  char name[] = "/tmp/paths-test-XXXXXX";
  ASSERT_TRUE(mkdtemp(name));
  const std::string link = std::string(name) + "/link";
  ASSERT_EQ(symlink("nowhere", link.c_str()), 0);
  const auto there = CheckExist({link, name});
  ASSERT_TRUE(there);
  EXPECT_THAT(*there, ElementsAre(name));
  const auto missing = CheckExist({link, link + "x"});
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, static_cast<DWORD>(ERROR_BAD_ARGUMENTS));
  EXPECT_THAT(missing.error().text, HasSubstr(link + "x"));
  unlink(link.c_str());
  ASSERT_EQ(symlink("link", link.c_str()), 0);
  const auto loop = CheckExist({link});
  ASSERT_FALSE(loop);
  EXPECT_THAT(loop.error().text, HasSubstr("Too many levels"));
  unlink(link.c_str());
  rmdir(name);
}

}  // namespace
}  // namespace rm::cli
