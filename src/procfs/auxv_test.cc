#include "procfs/auxv.h"

#include <elf.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace rm {
namespace {

template <class Word>
std::string Vector(const std::vector<Word>& words) {
  return {reinterpret_cast<const char*>(words.data()), words.size() * sizeof(Word)};
}

template <class Word>
std::vector<Word> Usual() {
  return {AT_PAGESZ, 4096, AT_UID, 1, AT_EUID, 2, AT_GID, 3, AT_EGID, 4, AT_NULL, 0};
}

template <class Word>
void ExpectUsual() {
  const auto ids = ParseIdsAtStart(Vector(Usual<Word>()));
  ASSERT_TRUE(ids);
  EXPECT_EQ(ids->uid, 1u);
  EXPECT_EQ(ids->euid, 2u);
  EXPECT_EQ(ids->gid, 3u);
  EXPECT_EQ(ids->egid, 4u);
}

TEST(IdsAtStart, OfAProgramOf64Bits) { ExpectUsual<uint64_t>(); }
TEST(IdsAtStart, OfAProgramOf32Bits) { ExpectUsual<uint32_t>(); }

TEST(IdsAtStart, OfAVectorThatLacksOneAreNotKnown) {
  const std::string whole = Vector(Usual<uint64_t>());
  for (size_t size = 0; size < whole.size() - 2 * sizeof(uint64_t); ++size)
    EXPECT_FALSE(ParseIdsAtStart(whole.substr(0, size))) << size;
}

}  // namespace
}  // namespace rm
