#include "appside/command_line.h"

#include <gmock/gmock.h>

#include <random>

namespace rm {
namespace {

using Arguments = std::vector<std::u16string>;

TEST(CommandLine, IsSplitAsCommandLineToArgvWDoes) {
  EXPECT_EQ(SplitCommandLine(u""), Arguments{});
  EXPECT_EQ(SplitCommandLine(u" \t "), Arguments{});
  EXPECT_EQ(SplitCommandLine(u"a\tb  c "), (Arguments{u"a", u"b", u"c"}));
  EXPECT_EQ(SplitCommandLine(u"\"a b\" c"), (Arguments{u"a b", u"c"}));
  EXPECT_EQ(SplitCommandLine(u"--f=\"a b\"c d"), (Arguments{u"--f=a bc", u"d"}));
  EXPECT_EQ(SplitCommandLine(u"\"\" x \"\""), (Arguments{u"", u"x", u""}));
  EXPECT_EQ(SplitCommandLine(u"\"never closed x"), (Arguments{u"never closed x"}));
  EXPECT_EQ(SplitCommandLine(u"a\nb"), (Arguments{u"a\nb"}));
}

TEST(CommandLine, BackslashesCountOnlyBeforeAQuote) {
  EXPECT_EQ(SplitCommandLine(u"C:\\dir\\ \\\\x"), (Arguments{u"C:\\dir\\", u"\\\\x"}));
  EXPECT_EQ(SplitCommandLine(u"\\\"a b"), (Arguments{u"\"a", u"b"}));
  EXPECT_EQ(SplitCommandLine(u"\\\\\"a b\""), (Arguments{u"\\a b"}));
  EXPECT_EQ(SplitCommandLine(u"\\\\\\\"a b"), (Arguments{u"\\\"a", u"b"}));
  EXPECT_EQ(SplitCommandLine(u"\"a\\\\\" b"), (Arguments{u"a\\", u"b"}));
}

// These are where CommandLineToArgvW and the C runtime differ.
TEST(CommandLine, OfQuotesInARowTheThirdIsItself) {
  EXPECT_EQ(SplitCommandLine(u"\"a\"\"b c\" d"), (Arguments{u"a\"b", u"c d"}));
  EXPECT_EQ(SplitCommandLine(u"\"\"\"a b\"\"\" c"), (Arguments{u"\"a", u"b\"", u"c"}));
  EXPECT_EQ(SplitCommandLine(u"\"\"\"\""), (Arguments{u"\""}));
}

TEST(CommandLine, JoinedIsSplitIntoTheSame) {
  EXPECT_EQ(JoinCommandLine({u"a b", u"", u"c\\", u"d \\"}), u"\"a b\" \"\" c\\ \"d \\\\\"");
  std::mt19937 random(7);
  const std::u16string letters = u"a\" \\\t$";
  for (int round = 0; round < 20000; ++round) {
    Arguments arguments(random() % 4);
    for (auto& argument : arguments)
      for (size_t size = random() % 6; size > 0; --size)
        argument += letters[random() % letters.size()];
    ASSERT_EQ(SplitCommandLine(JoinCommandLine(arguments)), arguments);
  }
}

}  // namespace
}  // namespace rm
