#include "apps/plain_word.h"

#include <gtest/gtest.h>

namespace rm {
namespace {

TEST(PlainWord, IsThePathItselfWhereItCanBe) {
  EXPECT_EQ(ToPlainWord("/run/restart-manager/relaunch-1a_B-2.x"),
            "/run/restart-manager/relaunch-1a_B-2.x");
}

TEST(PlainWord, BringsBackEveryByte) {
  std::string path = "/";
  for (int c = 1; c < 256; ++c) path += static_cast<char>(c);
  const std::string word = ToPlainWord(path);
  EXPECT_EQ(word.find_first_not_of("hex:0123456789abcdef"), word.npos) << word;
  EXPECT_EQ(FromPlainWord(word), path);
}

TEST(PlainWord, ThatIsNoneIsAPath) {
  for (const char* path : {"", "/a b", "hex:2", "hex:2g", "hex: 2", "hex:-1"})
    EXPECT_EQ(FromPlainWord(path), path);
}

}  // namespace
}  // namespace rm
