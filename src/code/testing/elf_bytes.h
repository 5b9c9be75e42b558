// An ELF file made by hand, of either word size and byte order.
#pragma once

#include <elf.h>

#include <cstring>
#include <string>
#include <vector>

#include "code/elf.h"

namespace rm::test {

struct ElfShape {
  bool is_64 = true;
  bool is_little = true;
};

inline void Put(const ElfShape& shape, std::string& bytes, size_t at, uint64_t number,
                size_t size) {
  if (bytes.size() < at + size) bytes.resize(at + size);
  for (size_t i = 0; i < size; ++i) {
    const size_t place = shape.is_little ? i : size - 1 - i;
    bytes[at + place] = static_cast<char>(number >> (8 * i));
  }
}

struct Note {
  std::string owner = std::string("GNU\0", 4);
  uint32_t type = NT_GNU_BUILD_ID;
  std::string content;
};

// A header, one PT_LOAD of everything at `address`, and one PT_NOTE with these notes.
inline std::string MakeElf(const ElfShape& shape, const std::vector<Note>& notes,
                           uint64_t address = 0) {
  std::string bytes(shape.is_64 ? sizeof(Elf64_Ehdr) : sizeof(Elf32_Ehdr), '\0');
  std::memcpy(bytes.data(), ELFMAG, SELFMAG);
  bytes[EI_CLASS] = shape.is_64 ? ELFCLASS64 : ELFCLASS32;
  bytes[EI_DATA] = shape.is_little ? ELFDATA2LSB : ELFDATA2MSB;
  const size_t word = shape.is_64 ? 8 : 4;
  const size_t headers = bytes.size();
  const size_t header = shape.is_64 ? sizeof(Elf64_Phdr) : sizeof(Elf32_Phdr);
  Put(shape, bytes, shape.is_64 ? offsetof(Elf64_Ehdr, e_machine) : offsetof(Elf32_Ehdr, e_machine),
      EM_X86_64, 2);
  Put(shape, bytes, shape.is_64 ? offsetof(Elf64_Ehdr, e_phoff) : offsetof(Elf32_Ehdr, e_phoff),
      headers, word);
  Put(shape, bytes,
      shape.is_64 ? offsetof(Elf64_Ehdr, e_phentsize) : offsetof(Elf32_Ehdr, e_phentsize), header,
      2);
  Put(shape, bytes, shape.is_64 ? offsetof(Elf64_Ehdr, e_phnum) : offsetof(Elf32_Ehdr, e_phnum), 2,
      2);
  const size_t start = headers + 2 * header;
  bytes.resize(start);
  for (const Note& note : notes) {
    const size_t at = bytes.size();
    Put(shape, bytes, at, note.owner.size(), 4);
    Put(shape, bytes, at + 4, note.content.size(), 4);
    Put(shape, bytes, at + 8, note.type, 4);
    bytes += note.owner;
    bytes.resize((bytes.size() + 3) / 4 * 4);
    bytes += note.content;
    bytes.resize((bytes.size() + 3) / 4 * 4);
  }
  const size_t size = bytes.size();
  const auto segment = [&](size_t number, uint32_t type, uint64_t offset, uint64_t length) {
    const size_t at = headers + number * header;
    Put(shape, bytes, at, type, 4);
    const auto field = [&](size_t at32, size_t at64, uint64_t value) {
      Put(shape, bytes, at + (shape.is_64 ? at64 : at32), value, word);
    };
    field(offsetof(Elf32_Phdr, p_offset), offsetof(Elf64_Phdr, p_offset), offset);
    field(offsetof(Elf32_Phdr, p_vaddr), offsetof(Elf64_Phdr, p_vaddr), address + offset);
    field(offsetof(Elf32_Phdr, p_filesz), offsetof(Elf64_Phdr, p_filesz), length);
    field(offsetof(Elf32_Phdr, p_memsz), offsetof(Elf64_Phdr, p_memsz), length);
  };
  segment(0, PT_LOAD, 0, size);
  segment(1, PT_NOTE, start, size - start);
  return bytes;
}

inline ReadAt ReaderOf(const std::string& bytes) {
  return [&bytes](uint64_t offset, std::span<std::byte> into) {
    if (offset > bytes.size() || into.size() > bytes.size() - offset) return false;
    std::memcpy(into.data(), bytes.data() + offset, into.size());
    return true;
  };
}

inline std::string BuildIdOf(const std::string& bytes) {
  const ReadAt read = ReaderOf(bytes);
  const auto elf = ReadElf(read);
  return elf ? BuildIdOf(*elf, read) : "no ELF";
}

}  // namespace rm::test
