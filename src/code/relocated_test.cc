#include "code/relocated.h"

#include <elf.h>
#include <fcntl.h>
#include <gtest/gtest.h>

#include <array>
#include <cstring>

namespace rm {
namespace {

using Words = std::array<uint64_t, 32>;

// As `ld -z pack-relative-relocs` makes it: the addresses at the words 16, 17 and 19 are in one
// entry and a map.
TEST(RelocatedTest, PackedRelocationsTellAFileThatWasWrittenAnew) {
  Words file{}, loaded{};
  file[0] = 36, file[1] = 8 * 8;  // DT_RELR
  file[2] = 35, file[3] = 2 * 8;  // DT_RELRSZ
  file[8] = 16 * 8;
  file[9] = 0b101 << 1 | 1;
  const auto base = reinterpret_cast<uint64_t>(loaded.data());
  for (const size_t at : {16, 17, 19}) {
    file[at] = at;
    loaded[at] = base + at;
  }
  Elf elf{.is_64 = true, .machine = EM_X86_64, .segments = {}};
  elf.segments.push_back({.type = PT_LOAD, .file_size = sizeof file, .memory_size = sizeof file});
  elf.segments.push_back({.type = PT_DYNAMIC});
  elf.segments.push_back({.type = PT_GNU_RELRO, .address = 16 * 8, .memory_size = 16 * 8});
  const ReadAt read = [&](uint64_t offset, std::span<std::byte> into) {
    if (offset + into.size() > sizeof file) return false;
    std::memcpy(into.data(), reinterpret_cast<const char*>(file.data()) + offset, into.size());
    return true;
  };
  const UniqueFd self(open("/proc/self", O_PATH | O_DIRECTORY | O_CLOEXEC));
  const ProcessMemory memory(self.get(), {});
  EXPECT_EQ(IsRelocatedFrom(elf, read, memory, base), Relocated::kYes);
  for (const size_t at : {16, 17, 19}) {
    ++file[at];
    EXPECT_EQ(IsRelocatedFrom(elf, read, memory, base), Relocated::kNo) << at;
    --file[at];
  }
  file[18] = 1;
  EXPECT_EQ(IsRelocatedFrom(elf, read, memory, base), Relocated::kYes);
}

}  // namespace
}  // namespace rm
