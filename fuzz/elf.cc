// Program files of other users
#include "code/elf.h"

#include <cstring>

#include "fuzz/fuzz.h"

void rm::Fuzz(std::string_view input) {
  size_t asked = 0;
  const ReadAt read = [&](uint64_t offset, std::span<std::byte> into) {
    asked += into.size();
    if (offset > input.size() || into.size() > input.size() - offset) return false;
    std::memcpy(into.data(), input.data() + offset, into.size());
    return true;
  };
  const auto elf = ReadElf(read);
  if (!elf) return;
  for (const bool at_addresses : {false, true}) {
    Require(BuildIdOf(*elf, read, at_addresses).size() <= 128);
  }
  Require(asked < size_t{32} << 20);  // 128 segments of notes are the most, and twice
}
