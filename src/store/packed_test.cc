#include "store/packed.h"

#include <gtest/gtest.h>

namespace rm {
namespace {

TEST(PackedTest, NumbersComeBack) {
  for (uint64_t number :
       {uint64_t{0}, uint64_t{127}, uint64_t{128}, uint64_t{1} << 62, ~uint64_t{0}}) {
    PackedWriter to;
    to.Number(number);
    to.Signed(static_cast<int64_t>(number));
    const std::string bytes = to.Take();
    PackedReader from(bytes);
    EXPECT_EQ(from.Number(), number);
    EXPECT_EQ(from.Signed(), static_cast<int64_t>(number));
    EXPECT_TRUE(from.Complete());
  }
}

TEST(PackedTest, SmallNumbersAreShort) {
  PackedWriter to;
  to.Number(127);
  to.Signed(-64);
  EXPECT_EQ(to.Take().size(), 2 + sizeof(uint64_t)) << "with the checksum";
}

TEST(PackedTest, BytesComeBackWhateverTheyAre) {
  const std::string odd("\0\xff\n", 3);
  PackedWriter to;
  to.Bytes(odd);
  to.Bytes("");
  const std::string bytes = to.Take();
  PackedReader from(bytes);
  EXPECT_EQ(from.Bytes(), odd);
  EXPECT_EQ(from.Bytes(), "");
  EXPECT_TRUE(from.Complete());
}

TEST(PackedTest, WhatIsLeftOverIsNotComplete) {
  const std::string bytes = Seal({1, 2});
  PackedReader from(bytes);
  EXPECT_EQ(from.Number(), 1u);
  EXPECT_FALSE(from.Complete());
}

TEST(PackedTest, WhatWasChangedIsNotRead) {
  PackedWriter to;
  to.Bytes("nginx.service");
  std::string bytes = to.Take();
  bytes[1] ^= 1;
  PackedReader from(bytes);
  EXPECT_EQ(from.Bytes(), "");
  EXPECT_FALSE(from.Complete());
}

TEST(PackedTest, AfterTheFirstMisfitEverythingIsEmpty) {
  const std::string bytes = Seal("\5abc");
  PackedReader from(bytes);
  EXPECT_EQ(from.Bytes(), "");
  EXPECT_EQ(from.Number(), 0u);
  EXPECT_EQ(from.Bytes(), "");
  EXPECT_FALSE(from.Complete());
}

TEST(PackedTest, ANumberOfMoreThan64BitsIsRefused) {
  const std::string nine(9, '\xff');
  const std::string too_big = Seal(nine + '\2');
  PackedReader tenth_too_big(too_big);
  EXPECT_EQ(tenth_too_big.Number(), 0u);
  EXPECT_FALSE(tenth_too_big.Complete());
  const std::string too_long = Seal(nine + "\xff\xff\1");
  PackedReader endless(too_long);
  EXPECT_EQ(endless.Number(), 0u);
  EXPECT_FALSE(endless.Complete());
}

TEST(PackedTest, ACountBeyondTheBytesLeftIsRefused) {
  const std::string bytes = Seal("\xff\xff\xff\x7f");
  PackedReader from(bytes);
  EXPECT_EQ(from.Count(), 0u);
  EXPECT_FALSE(from.Complete());
}

}  // namespace
}  // namespace rm
