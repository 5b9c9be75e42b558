// What does this ELF file say about itself? Reads as little as it needs, survives any input: files
// of other users are data, and data may be hostile. Both word sizes, both byte orders.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace rm {

// Fills the whole span from this offset; false when it cannot.
using ReadAt = std::function<bool(uint64_t offset, std::span<std::byte> into)>;

struct Segment {
  uint32_t type = 0;  // PT_...
  uint64_t offset = 0;
  uint64_t address = 0;
  uint64_t file_size = 0;
  uint64_t memory_size = 0;
};

struct Elf {
  bool is_64 = false;
  bool is_little = true;
  uint16_t machine = 0;  // EM_...
  std::vector<Segment> segments;
};

// None: no ELF file, or a broken one. At most 128 program headers are looked at.
std::optional<Elf> ReadElf(const ReadAt& read);

// NT_GNU_BUILD_ID in lower case hex; "" when there is none. `at_addresses`: offsets for `read` are
// addresses relative to the file's first byte in memory instead of offsets in the file.
std::string BuildIdOf(const Elf& elf, const ReadAt& read, bool at_addresses = false);

// A number of this file's byte order.
uint64_t NumberAt(const Elf& elf, std::span<const std::byte> bytes, size_t at, size_t size);

}  // namespace rm
