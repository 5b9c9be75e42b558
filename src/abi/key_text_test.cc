#include "abi/key_text.h"

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstring>
#include <string_view>

namespace rm {
namespace {

constexpr char kGuid[] = "01234567-89ab-CDEF-0123-456789abcdef";
constexpr char kDigits[] = "0123456789abCDEF0123456789abcdef";

// Bytes behind which there is no memory.
class AtTheEdge {
 public:
  explicit AtTheEdge(std::string_view bytes) {
    void* pages =
        mmap(nullptr, 2 * page_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (pages == MAP_FAILED || mprotect(static_cast<char*>(pages) + page_, page_, PROT_NONE) != 0)
      std::abort();
    pages_ = static_cast<char*>(pages);
    std::memcpy(start_ = pages_ + page_ - bytes.size(), bytes.data(), bytes.size());
  }
  ~AtTheEdge() { munmap(pages_, 2 * page_); }
  AtTheEdge(const AtTheEdge&) = delete;
  AtTheEdge& operator=(const AtTheEdge&) = delete;
  const void* get() const { return start_; }

 private:
  const size_t page_ = static_cast<size_t>(sysconf(_SC_PAGESIZE));
  char* pages_ = nullptr;
  char* start_ = nullptr;
};

std::string Wide(std::string_view text) {
  std::string wide;
  for (char c : text) (wide += c) += '\0';
  return wide += std::string(2, '\0');
}

std::string Read(std::string_view bytes) { return ReadKey(AtTheEdge(bytes).get()); }

TEST(KeyTextTest, AGuidInEightBitsMeansAnEightBitCaller) {
  EXPECT_EQ(NarrowGuid(AtTheEdge({kGuid, sizeof kGuid}).get()), kDigits);
}

TEST(KeyTextTest, NoOtherBufferIsReadBeyondTheFirstByteThatDoesNotFit) {
  EXPECT_FALSE(NarrowGuid(AtTheEdge(std::string(66, '\0')).get()));
  EXPECT_FALSE(NarrowGuid(AtTheEdge(std::string_view("\0", 1)).get()));
  EXPECT_FALSE(NarrowGuid(AtTheEdge("\xAA").get()));
  EXPECT_FALSE(NarrowGuid(AtTheEdge({Wide(kGuid).data(), 2}).get()));
  EXPECT_FALSE(NarrowGuid(AtTheEdge("012345678").get()));
  EXPECT_FALSE(NarrowGuid(AtTheEdge(std::string(66, '0')).get()));
  EXPECT_FALSE(NarrowGuid(AtTheEdge("01234567-89ab-CDEF-0123-456789abcdef0").get()));
  EXPECT_FALSE(NarrowGuid(AtTheEdge("01234567-89ab-CDEF-0123-456789abcdeg").get()));
  EXPECT_FALSE(NarrowGuid(AtTheEdge({kDigits, sizeof kDigits}).get()));
}

TEST(KeyTextTest, AKeyIsReadInEitherWidth) {
  EXPECT_EQ(Read(Wide(kDigits)), kDigits);
  EXPECT_EQ(Read({kDigits, sizeof kDigits}), kDigits);
  EXPECT_EQ(Read({kGuid, sizeof kGuid}), kDigits);
}

TEST(KeyTextTest, WhatIsNoKeyIsReadNoFurtherThanThat) {
  EXPECT_EQ(Read(std::string_view("\0", 1)), "");
  EXPECT_EQ(Read("z"), "");
  EXPECT_EQ(Read("0\xAA"), "");
  EXPECT_EQ(Read(Wide("")), "");
  EXPECT_EQ(Read(Wide("0123")), "");
  EXPECT_EQ(Read({"0123", 5}), "");
  EXPECT_EQ(Read(Wide(kDigits).substr(0, 64) + "xx"), "") << "the 33rd is no NUL";
  EXPECT_EQ(Read(Wide(kDigits).substr(0, 10) + std::string("\x30\x01", 2)), "");
  EXPECT_EQ(Read(Wide(std::string(kDigits) + "0").substr(0, 66)), "");
  EXPECT_EQ(Read(std::string(kDigits) + "0"), "");
  EXPECT_EQ(Read(Wide(kGuid).substr(0, 18)), "") << "a GUID is no key in 16 bits";
}

}  // namespace
}  // namespace rm
