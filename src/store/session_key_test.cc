#include "store/session_key.h"

#include <gtest/gtest.h>

#include <set>

#include "store/hash_text.h"

namespace rm {
namespace {

std::string Hex(const std::string& bytes) {
  std::string hex;
  for (unsigned char byte : bytes) {
    hex += "0123456789abcdef"[byte >> 4];
    hex += "0123456789abcdef"[byte & 15];
  }
  return hex;
}

TEST(SessionKeyTest, IsThirtyTwoLowercaseDigitsAndNeverTheSame) {
  std::set<std::string> keys;
  for (int i = 0; i < 1000; ++i) {
    const std::string key = MakeSessionKey();
    EXPECT_EQ(key.size(), 32u);
    EXPECT_EQ(key.find_first_not_of("0123456789abcdef"), std::string::npos) << key;
    keys.insert(key);
  }
  EXPECT_EQ(keys.size(), 1000u);
}

TEST(SessionKeyTest, HashIsSha256) {
  // printf 00000000000000000000000000000000 | sha256sum
  EXPECT_EQ(Hex(HashSessionKey(std::string(32, '0')).value()),
            "84e0c0eafaa95a34c293f278ac52e45ce537bab5e752a00e6959a13ae103b65a");
}

TEST(SessionKeyTest, UpperCaseIsTheSameKey) {
  EXPECT_EQ(HashSessionKey("0123456789ABCDEF0123456789abcdef"),
            HashSessionKey("0123456789abcdef0123456789ABCDEF"));
}

TEST(SessionKeyTest, AnythingElseHasNoHash) {
  EXPECT_FALSE(HashSessionKey(""));
  EXPECT_FALSE(HashSessionKey(std::string(31, '0')));
  EXPECT_FALSE(HashSessionKey(std::string(33, '0')));
  EXPECT_FALSE(HashSessionKey(std::string(31, '0') + "g"));
  EXPECT_FALSE(HashSessionKey(std::string(31, '0') + '\0'));
}

TEST(SessionKeyTest, HashesAreComparedToTheEnd) {
  const std::string hash = *HashSessionKey(std::string(32, '0'));
  std::string other = hash;
  other.back() = static_cast<char>(other.back() ^ 1);
  EXPECT_TRUE(SameHash(hash, hash));
  EXPECT_FALSE(SameHash(hash, other));
  EXPECT_FALSE(SameHash(hash, hash.substr(1)));
}

}  // namespace
}  // namespace rm
