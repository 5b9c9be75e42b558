#include "code/elf.h"

#include <gmock/gmock.h>

#include "code/testing/elf_bytes.h"

namespace rm {
namespace {

using test::BuildIdOf;
using test::ElfShape;
using test::MakeElf;
using test::Note;

class EveryShape : public testing::TestWithParam<ElfShape> {};

TEST_P(EveryShape, TellsTheBuildId) {
  EXPECT_EQ(BuildIdOf(MakeElf(GetParam(), {{.content = "\x01\xab\xff"}})), "01abff");
}

TEST_P(EveryShape, FindsItBehindOtherNotes) {
  const std::string bytes =
      MakeElf(GetParam(), {{.type = NT_GNU_ABI_TAG, .content = std::string(16, 'x')},
                           {.owner = std::string("Other\0", 6), .content = "\x02\x02"},
                           {.content = "\x11\x22"}});
  EXPECT_EQ(BuildIdOf(bytes), "1122");
}

TEST_P(EveryShape, HasNone) {
  EXPECT_EQ(BuildIdOf(MakeElf(GetParam(), {})), "");
  EXPECT_EQ(BuildIdOf(MakeElf(GetParam(), {{.type = NT_GNU_ABI_TAG, .content = "abcd"}})), "");
}

TEST_P(EveryShape, IsCutOffAnywhere) {
  const std::string whole = MakeElf(GetParam(), {{.content = "\x11\x22\x33"}});
  for (size_t size = 0; size < whole.size(); ++size) {
    const std::string cut = whole.substr(0, size);
    EXPECT_THAT(BuildIdOf(cut), testing::AnyOf("", "no ELF")) << size;
  }
}

TEST_P(EveryShape, SurvivesEveryWrongByte) {
  const std::string whole = MakeElf(GetParam(), {{.content = "\x11\x22\x33"}});
  for (size_t at = 0; at < whole.size(); ++at) {
    for (const unsigned char value : {0x00, 0x7F, 0x80, 0xFF}) {
      std::string broken = whole;
      broken[at] = static_cast<char>(value);
      BuildIdOf(broken);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Elf, EveryShape,
                         testing::Values(ElfShape{true, true}, ElfShape{true, false},
                                         ElfShape{false, true}, ElfShape{false, false}));

TEST(ElfTest, IsReadFromMemoryByAddresses) {
  // As a program that is not position-independent has it.
  const std::string bytes = MakeElf({}, {{.content = "\x77"}}, 0x400000);
  const ReadAt read = test::ReaderOf(bytes);
  const auto elf = ReadElf(read);
  ASSERT_TRUE(elf);
  EXPECT_EQ(BuildIdOf(*elf, read, true), "77");
}

TEST(ElfTest, OtherFilesAreNone) {
  for (const char* text : {"", "#!/bin/sh\n",
                           "\x7f"
                           "ELF"}) {
    EXPECT_EQ(BuildIdOf(std::string(text)), "no ELF");
  }
}

}  // namespace
}  // namespace rm
