#include "code/relocated.h"

#include <elf.h>

#include <algorithm>
#include <array>
#include <optional>

namespace rm {
namespace {

constexpr size_t kMostDynamic = 512;
constexpr uint64_t kMostRelocations = 1 << 16;
constexpr size_t kSamples = 64;

// The type of "base plus addend" for each machine.
std::optional<uint32_t> RelativeType(const Elf& elf) {
  switch (elf.machine) {
    case EM_X86_64:
      return R_X86_64_RELATIVE;
    case EM_AARCH64:
      return R_AARCH64_RELATIVE;
    case EM_RISCV:
      return R_RISCV_RELATIVE;
    case EM_PPC64:
      return R_PPC64_RELATIVE;
    case EM_S390:
      return R_390_RELATIVE;
    default:
      return std::nullopt;
  }
}

const Segment* Find(const Elf& elf, uint32_t type) {
  const auto found = std::find_if(elf.segments.begin(), elf.segments.end(),
                                  [&](const Segment& s) { return s.type == type; });
  return found == elf.segments.end() ? nullptr : &*found;
}

std::optional<uint64_t> OffsetOf(const Elf& elf, uint64_t address) {
  for (const Segment& s : elf.segments) {
    if (s.type == PT_LOAD && address >= s.address && address - s.address < s.file_size) {
      return address - s.address + s.offset;
    }
  }
  return std::nullopt;
}

struct Table {
  uint64_t offset = 0;
  uint64_t count = 0;
};

std::optional<Table> FindRelocations(const Elf& elf, const ReadAt& file) {
  const Segment* dynamic = Find(elf, PT_DYNAMIC);
  uint64_t address = 0, size = 0;
  for (size_t i = 0; dynamic && i < kMostDynamic; ++i) {
    std::array<std::byte, sizeof(Elf64_Dyn)> entry;
    if (!file(dynamic->offset + i * entry.size(), entry)) break;
    const uint64_t tag = NumberAt(elf, entry, 0, 8);
    if (tag == DT_NULL) break;
    if (tag == DT_RELA) address = NumberAt(elf, entry, 8, 8);
    if (tag == DT_RELASZ) size = NumberAt(elf, entry, 8, 8);
  }
  const auto offset = OffsetOf(elf, address);
  if (!address || !offset) return std::nullopt;
  return Table{*offset, std::min(size / sizeof(Elf64_Rela), kMostRelocations)};
}

}  // namespace

Relocated IsRelocatedFrom(const Elf& elf, const ReadAt& file, const ProcessMemory& memory,
                          uint64_t base) {
  const auto relative = RelativeType(elf);
  const Segment* fixed = Find(elf, PT_GNU_RELRO);
  // Where nothing was added, nothing was changed.
  if (!elf.is_64 || !relative || !fixed || base == 0) return Relocated::kCannotTell;
  const auto table = FindRelocations(elf, file);
  if (!table) return Relocated::kCannotTell;
  size_t compared = 0;
  for (uint64_t i = 0; i < table->count && compared < kSamples; ++i) {
    std::array<std::byte, sizeof(Elf64_Rela)> entry;
    if (!file(table->offset + i * entry.size(), entry)) break;
    const uint64_t at = NumberAt(elf, entry, 0, 8);
    const uint64_t addend = NumberAt(elf, entry, 16, 8);
    if (NumberAt(elf, entry, 8, 8) != *relative || at < fixed->address ||
        at - fixed->address + 8 > fixed->memory_size) {
      continue;
    }
    std::array<std::byte, 8> word;
    if (!memory.Read(base + at, word.data(), word.size())) continue;
    if (NumberAt(elf, word, 0, 8) != base + addend) return Relocated::kNo;
    ++compared;
  }
  return compared ? Relocated::kYes : Relocated::kCannotTell;
}

}  // namespace rm
