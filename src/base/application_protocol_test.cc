#include "base/application_protocol.h"

#include <gtest/gtest.h>

namespace rm {
namespace {

TEST(ApplicationProtocol, LinesComeHoweverTheBytesCome) {
  Lines lines;
  EXPECT_TRUE(lines.Add("restartapp 1\nye"));
  EXPECT_EQ(lines.Next(), "restartapp 1");
  EXPECT_EQ(lines.Next(), std::nullopt);
  EXPECT_TRUE(lines.Add("s\n\ndone\n"));
  EXPECT_EQ(lines.Next(), "yes");
  EXPECT_EQ(lines.Next(), "");
  EXPECT_EQ(lines.Next(), "done");
  EXPECT_EQ(lines.Next(), std::nullopt);
}

TEST(ApplicationProtocol, ALineIsNotLongerThanItMayBe) {
  Lines lines;
  EXPECT_TRUE(lines.Add(std::string(kLongestLine - 1, 'x')));
  EXPECT_FALSE(lines.Add("x"));
  Lines whole;
  EXPECT_TRUE(whole.Add(std::string(kLongestLine - 1, 'x') + "\n"));
}

// However the bytes come: it was one only if its line feed was not among them.
TEST(ApplicationProtocol, ALongLineIsOneAlsoWithItsEnd) {
  Lines lines;
  EXPECT_FALSE(lines.Add("yes\n" + std::string(kLongestLine, 'x') + "\nno\n"));
  EXPECT_EQ(lines.Next(), "yes");
  EXPECT_EQ(lines.Next(), std::nullopt);
}

TEST(ApplicationProtocol, LaterVersionsMayAddWords) {
  EXPECT_TRUE(IsLine("query closeapp", kQueryLine));
  EXPECT_TRUE(IsLine("query closeapp critical", kQueryLine));
  EXPECT_FALSE(IsLine("query closeapps", kQueryLine));
  EXPECT_FALSE(IsLine("query", kQueryLine));
  EXPECT_FALSE(IsLine("restartapp 10", kGreeting));
}

}  // namespace
}  // namespace rm
