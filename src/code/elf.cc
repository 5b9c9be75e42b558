#include "code/elf.h"

#include <elf.h>

#include <algorithm>
#include <array>
#include <cstring>

namespace rm {
namespace {

constexpr size_t kMostSegments = 128;
constexpr uint64_t kMostNotes = 64 << 10;   // bytes of one segment
constexpr size_t kMostBuildId = 64;         // bytes; SHA-1 has 20
constexpr uint64_t kFarthest = 1ull << 40;  // no offset of ours is beyond
constexpr std::array<char, 4> kOwner = {'G', 'N', 'U', '\0'};

uint64_t Aligned(uint64_t size, uint64_t to) { return (size + to - 1) / to * to; }

std::string Hex(std::span<const std::byte> bytes) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  for (const std::byte b : bytes) {
    text += kDigits[std::to_integer<unsigned>(b) >> 4];
    text += kDigits[std::to_integer<unsigned>(b) & 15];
  }
  return text;
}

// elf(5), "Notes": three words, then name and description, each padded.
std::string BuildIdIn(const Elf& elf, std::span<const std::byte> notes, uint64_t padding) {
  constexpr size_t kHeader = 12;
  while (notes.size() >= kHeader) {
    const uint64_t name_size = NumberAt(elf, notes, 0, 4);
    const uint64_t size = NumberAt(elf, notes, 4, 4);
    const uint64_t type = NumberAt(elf, notes, 8, 4);
    const uint64_t at = Aligned(kHeader + name_size, padding);
    if (name_size > notes.size() || size > notes.size() || at + size > notes.size()) return "";
    if (type == NT_GNU_BUILD_ID && name_size == kOwner.size() && size > 0 && size <= kMostBuildId &&
        std::memcmp(notes.data() + kHeader, kOwner.data(), kOwner.size()) == 0) {
      return Hex(notes.subspan(at, size));
    }
    notes = notes.subspan(std::min<uint64_t>(Aligned(at + size, padding), notes.size()));
  }
  return "";
}

}  // namespace

uint64_t NumberAt(const Elf& elf, std::span<const std::byte> bytes, size_t at, size_t size) {
  uint64_t number = 0;
  if (at > bytes.size() || size > bytes.size() - at) return 0;
  for (size_t i = 0; i < size; ++i) {
    const size_t from = elf.is_little ? size - 1 - i : i;
    number = number << 8 | std::to_integer<uint64_t>(bytes[at + from]);
  }
  return number;
}

std::optional<Elf> ReadElf(const ReadAt& read) {
  std::array<std::byte, sizeof(Elf64_Ehdr)> header{};
  // A file may be as small as the smaller header.
  if (!read(0, std::span(header).first(sizeof(Elf32_Ehdr)))) return std::nullopt;
  if (std::memcmp(header.data(), ELFMAG, SELFMAG) != 0) return std::nullopt;
  const auto word_size = std::to_integer<unsigned>(header[EI_CLASS]);
  const auto order = std::to_integer<unsigned>(header[EI_DATA]);
  if (word_size != ELFCLASS32 && word_size != ELFCLASS64) return std::nullopt;
  if (order != ELFDATA2LSB && order != ELFDATA2MSB) return std::nullopt;
  Elf elf;
  elf.is_64 = word_size == ELFCLASS64;
  elf.is_little = order == ELFDATA2LSB;
  if (elf.is_64 && !read(0, header)) return std::nullopt;
  elf.machine = static_cast<uint16_t>(NumberAt(elf, header, offsetof(Elf64_Ehdr, e_machine), 2));
  const auto field = [&](size_t at32, size_t at64, size_t size32, size_t size64) {
    return NumberAt(elf, header, elf.is_64 ? at64 : at32, elf.is_64 ? size64 : size32);
  };
  const uint64_t table = field(offsetof(Elf32_Ehdr, e_phoff), offsetof(Elf64_Ehdr, e_phoff), 4, 8);
  const uint64_t entry =
      field(offsetof(Elf32_Ehdr, e_phentsize), offsetof(Elf64_Ehdr, e_phentsize), 2, 2);
  const uint64_t count = field(offsetof(Elf32_Ehdr, e_phnum), offsetof(Elf64_Ehdr, e_phnum), 2, 2);
  const size_t size = elf.is_64 ? sizeof(Elf64_Phdr) : sizeof(Elf32_Phdr);
  if (count == 0) return elf;
  if (entry != size || table > kFarthest) return std::nullopt;
  std::vector<std::byte> headers(std::min<uint64_t>(count, kMostSegments) * size);
  if (!read(table, headers)) return std::nullopt;
  for (std::span<const std::byte> rest = headers; !rest.empty(); rest = rest.subspan(size)) {
    const auto number = [&](size_t at32, size_t at64) {
      return NumberAt(elf, rest, elf.is_64 ? at64 : at32, elf.is_64 ? 8 : 4);
    };
    elf.segments.push_back({
        .type = static_cast<uint32_t>(NumberAt(elf, rest, 0, 4)),
        .offset = number(offsetof(Elf32_Phdr, p_offset), offsetof(Elf64_Phdr, p_offset)),
        .address = number(offsetof(Elf32_Phdr, p_vaddr), offsetof(Elf64_Phdr, p_vaddr)),
        .file_size = number(offsetof(Elf32_Phdr, p_filesz), offsetof(Elf64_Phdr, p_filesz)),
        .memory_size = number(offsetof(Elf32_Phdr, p_memsz), offsetof(Elf64_Phdr, p_memsz)),
    });
  }
  return elf;
}

std::string BuildIdOf(const Elf& elf, const ReadAt& read, bool at_addresses) {
  const auto first = std::find_if(elf.segments.begin(), elf.segments.end(),
                                  [](const Segment& s) { return s.type == PT_LOAD; });
  // The address of the file's first byte.
  const uint64_t base = first == elf.segments.end() ? 0 : first->address - first->offset;
  for (const Segment& segment : elf.segments) {
    if (segment.type != PT_NOTE) continue;
    const uint64_t at = at_addresses ? segment.address - base : segment.offset;
    if (at > kFarthest) continue;
    std::vector<std::byte> notes(std::min(segment.file_size, kMostNotes));
    if (notes.empty() || !read(at, notes)) continue;
    // Notes are padded to 4 bytes, in segments of alignment 8 to 8; who has one has few of them.
    for (const uint64_t padding : {uint64_t{4}, uint64_t{8}}) {
      if (std::string id = BuildIdIn(elf, notes, padding); !id.empty()) return id;
    }
  }
  return "";
}

}  // namespace rm
