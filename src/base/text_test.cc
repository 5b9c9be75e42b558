#include "base/text.h"

#include <gtest/gtest.h>

namespace rm {
namespace {

std::string Encode(char32_t point) {
  const auto byte = [](char32_t bits) { return static_cast<char>(bits); };
  if (point < 0x80) return {byte(point)};
  if (point < 0x800) return {byte(0xC0 | point >> 6), byte(0x80 | (point & 0x3F))};
  if (point < 0x10000)
    return {byte(0xE0 | point >> 12), byte(0x80 | (point >> 6 & 0x3F)),
            byte(0x80 | (point & 0x3F))};
  return {byte(0xF0 | point >> 18), byte(0x80 | (point >> 12 & 0x3F)),
          byte(0x80 | (point >> 6 & 0x3F)), byte(0x80 | (point & 0x3F))};
}

bool IsSurrogate(char32_t point) { return point >= 0xD800 && point <= 0xDFFF; }

TEST(TextTest, PlainNamesCross) {
  EXPECT_EQ(Utf8ToUtf16("/usr/lib"), u"/usr/lib");
  EXPECT_EQ(Utf16ToUtf8(u"/usr/lib"), "/usr/lib");
  EXPECT_EQ(Utf8ToUtf16(""), u"");
  EXPECT_EQ(Utf16ToUtf8(u""), "");
  EXPECT_EQ(Utf8ToUtf16("\xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\x80"), u"\u00E4\u20AC\U0001F600");
  EXPECT_EQ(Utf16ToUtf8(u"\u00E4\u20AC\U0001F600"), "\xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\x80");
}

TEST(TextTest, ANulInTheMiddleCrosses) {
  EXPECT_EQ(Utf8ToUtf16(std::string_view("a\0b", 3)), std::u16string_view(u"a\0b", 3));
  EXPECT_EQ(Utf16ToUtf8(std::u16string_view(u"a\0b", 3)), std::string("a\0b", 3));
}

TEST(TextTest, EveryCodePointCrossesAsOneOrTwoUnits) {
  for (char32_t point = 0; point <= 0x10FFFF; ++point) {
    if (IsSurrogate(point)) continue;
    const std::string bytes = Encode(point);
    const std::u16string text = Utf8ToUtf16(bytes);
    ASSERT_EQ(text.size(), point < 0x10000 ? 1u : 2u) << static_cast<uint32_t>(point);
    ASSERT_EQ(Utf16ToUtf8(text), bytes) << static_cast<uint32_t>(point);
  }
}

TEST(TextTest, AByteThatIsNotUtf8IsOneLoneSurrogate) {
  EXPECT_EQ(Utf8ToUtf16("a\xFFz"), (std::u16string{u'a', 0xDCFF, u'z'}));
  EXPECT_EQ(Utf8ToUtf16("\x80"), (std::u16string{0xDC80}));
  EXPECT_EQ(Utf8ToUtf16("\xC3"), (std::u16string{0xDCC3})) << "cut short";
  EXPECT_EQ(Utf8ToUtf16("\xC0\x80"), (std::u16string{0xDCC0, 0xDC80})) << "overlong";
  EXPECT_EQ(Utf8ToUtf16("\xED\xB2\x80"), (std::u16string{0xDCED, 0xDCB2, 0xDC80})) << "surrogate";
  EXPECT_EQ(Utf8ToUtf16("\xF4\x90\x80\x80"), (std::u16string{0xDCF4, 0xDC90, 0xDC80, 0xDC80}))
      << "beyond U+10FFFF";
}

TEST(TextTest, AnyBytesComeBackAsTheyWere) {
  unsigned random = 1;
  for (int round = 0; round < 20'000; ++round) {
    std::string bytes;
    random = random * 1'103'515'245 + 12'345;
    for (unsigned left = (random >> 16) % 9; left > 0; --left) {
      random = random * 1'103'515'245 + 12'345;
      // Half of them lead bytes and continuations, so that sequences nearly fit.
      const unsigned byte = random >> 16;
      bytes += static_cast<char>((byte & 0x100) != 0 ? byte : 0x80 | (byte & 0x7F));
    }
    ASSERT_EQ(Utf16ToUtf8(Utf8ToUtf16(bytes)), bytes);
  }
}

TEST(TextTest, SurrogatesThatStandForNoByteAreRefused) {
  EXPECT_EQ(Utf16ToUtf8(std::u16string{0xD800}), std::nullopt) << "high alone";
  EXPECT_EQ(Utf16ToUtf8(std::u16string{0xD83D, u'a'}), std::nullopt) << "high without low";
  EXPECT_EQ(Utf16ToUtf8(std::u16string{0xDC00}), std::nullopt) << "low, but an ASCII byte";
  EXPECT_EQ(Utf16ToUtf8(std::u16string{0xDC7F}), std::nullopt);
  EXPECT_EQ(Utf16ToUtf8(std::u16string{0xDD00}), std::nullopt) << "low, but no byte";
  EXPECT_EQ(Utf16ToUtf8(std::u16string{0xDE00, 0xD83D}), std::nullopt) << "reversed pair";
}

TEST(TextTest, WhatIsNoUtf8IsReplaced) {
  EXPECT_EQ(ReplaceInvalidUtf8("a\u00e4\U0001F600\ufffd"), "a\u00e4\U0001F600\ufffd");
  EXPECT_EQ(ReplaceInvalidUtf8("a\xff\xC3z"), "a\ufffd\ufffdz");
  EXPECT_EQ(ReplaceInvalidUtf8("\xC0\x80|\xC3"), "\ufffd|\ufffd") << "overlong, and cut short";
}

TEST(TextTest, AsOneLineItHasNoControlCharacters) {
  EXPECT_EQ(OneLine("a\nb\tc\x7f\u00e4" + std::string(1, '\0')), "a b c \u00e4 ");
}

TEST(TextTest, ASecondSpellingOfANameIsRefused) {
  EXPECT_EQ(Utf16ToUtf8(std::u16string{0xDCC3, 0xDCA4}), std::nullopt) << "spells U+00E4";
  EXPECT_EQ(Utf16ToUtf8(std::u16string{0xDCC3, u'x'}), "\xC3x");
}

}  // namespace
}  // namespace rm
