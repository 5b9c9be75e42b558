#include "model/display.h"

#include <gmock/gmock.h>

namespace rm {
namespace {

using ::testing::Eq;
using ::testing::Optional;

TEST(LocalDisplay, IsOneOfThisMachine) {
  EXPECT_THAT(LocalDisplay(":0"), Optional(Eq(":0")));
  EXPECT_THAT(LocalDisplay(":12.1"), Optional(Eq(":12")));
  EXPECT_THAT(LocalDisplay("unix:3"), Optional(Eq(":3")));
  for (const char* other : {"", ":", "0", "host:0", "localhost:10.0", "::0", ":0.", ":0.x", ":-1",
                            ":0 ", ":123456", "/tmp/socket:0", "tcp/host:0"})
    EXPECT_EQ(LocalDisplay(other), std::nullopt) << other;
}

TEST(WindowWord, ComesBackAsItWasSaid) {
  for (const WindowWord& word :
       {WindowWord{WindowWord::kHas, 12, true}, WindowWord{WindowWord::kHas, 12, false},
        WindowWord{WindowWord::kEnd}, WindowWord{WindowWord::kTrouble, 0, false, {}, "no server"},
        WindowWord{WindowWord::kState, 7, false, CloseState::kWaiting, "Save \"a b\"?"},
        WindowWord{WindowWord::kState, 7, false, CloseState::kClosed, ""}}) {
    std::string line = ToLine(word);
    ASSERT_EQ(line.back(), '\n');
    line.pop_back();
    EXPECT_THAT(ParseWindowWord(line), Optional(Eq(word))) << line;
  }
}

TEST(WindowWord, ATitleIsOneLineOfLimitedLength) {
  const std::string line = ToLine({WindowWord::kState, 7, false, CloseState::kWaiting,
                                   "a\nend\x1b[2J" + std::string(5000, 'x')});
  EXPECT_EQ(line.find('\n'), line.size() - 1);
  EXPECT_EQ(line.find('\x1b'), std::string::npos);
  EXPECT_LT(line.size(), kMostWindowWord);
  EXPECT_EQ(ParseWindowWord("state 7 waiting a\x1b"
                            "b")
                ->text,
            "a b");
}

TEST(WindowWord, NothingElseIsOne) {
  for (const char* line :
       {"", "has", "has 1", "has 0 shown", "has -1 shown", "has 1 seen", "has 99999999999 shown",
        "end it", "state 1", "state x open", "state 1 ajar"})
    EXPECT_EQ(ParseWindowWord(line), std::nullopt) << line;
}

}  // namespace
}  // namespace rm
