#include "guard/request.h"

#include <gtest/gtest.h>

namespace rm {
namespace {

using Words = std::vector<std::string>;

TEST(StartRequest, IsASystemctlThatStartsSomething) {
  for (const Words& argv :
       {Words{"systemctl", "restart", "a"}, Words{"/bin/systemctl", "start", "a"},
        Words{"systemctl", "--quiet", "restart", "a"}, Words{"systemctl", "restart", "a", "-q"},
        Words{"systemctl", "--job-mode", "fail", "start", "a"},
        Words{"systemctl", "enable", "--now", "a"}, Words{"systemctl", "start", "--", "a"}}) {
    const auto request = ParseStartRequest(argv);
    ASSERT_TRUE(request) << testing::PrintToString(argv);
    EXPECT_EQ(request->words, Words{"a"});
    EXPECT_FALSE(request->user_manager);
  }
}

TEST(StartRequest, IsNothingElse) {
  for (const Words& argv :
       {Words{}, Words{"apt-get", "install", "a"}, Words{"systemctl"},
        Words{"systemctl", "status", "a"}, Words{"systemctl", "stop", "a"},
        Words{"systemctl", "enable", "a"}, Words{"systemctl", "--no-block", "restart", "a"},
        Words{"systemctl", "restart", "a", "--no-block"}, Words{"systemctl", "-Mbox", "start", "a"},
        Words{"systemctl", "--host=b", "start", "a"}, Words{"notsystemctl", "start", "a"}}) {
    EXPECT_FALSE(ParseStartRequest(argv)) << testing::PrintToString(argv);
  }
}

TEST(StartRequest, MayAskTheUserManager) {
  EXPECT_TRUE(ParseStartRequest({"systemctl", "--user", "start", "a"})->user_manager);
}

TEST(StartRequest, NamesAUnitByAnyOfItsNames) {
  const Words names{"nginx.service", "www.service"};
  const auto asked = [&](const char* word) {
    return Names(StartRequest{{"other.service", word}, false}, names);
  };
  EXPECT_TRUE(asked("nginx"));
  EXPECT_TRUE(asked("nginx.service"));
  EXPECT_TRUE(asked("www"));
  EXPECT_TRUE(asked("ngi*"));
  EXPECT_TRUE(asked("*.service"));
  EXPECT_FALSE(asked("ngin"));
  EXPECT_FALSE(asked("nginx.socket"));
  EXPECT_FALSE(asked("nginx.target"));
}

}  // namespace
}  // namespace rm
