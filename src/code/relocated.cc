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
// elf.h of glibc 2.36; older ones lack them.
constexpr uint64_t kDtRelr = 36, kDtRelrSize = 35;

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

struct Tables {
  std::optional<Table> whole;   // DT_RELA
  std::optional<Table> packed;  // DT_RELR
};

Tables FindRelocations(const Elf& elf, const ReadAt& file) {
  const Segment* dynamic = Find(elf, PT_DYNAMIC);
  uint64_t whole = 0, whole_size = 0, packed = 0, packed_size = 0;
  for (size_t i = 0; dynamic && i < kMostDynamic; ++i) {
    std::array<std::byte, sizeof(Elf64_Dyn)> entry;
    if (!file(dynamic->offset + i * entry.size(), entry)) break;
    const uint64_t tag = NumberAt(elf, entry, 0, 8), value = NumberAt(elf, entry, 8, 8);
    if (tag == DT_NULL) break;
    if (tag == DT_RELA) whole = value;
    if (tag == DT_RELASZ) whole_size = value;
    if (tag == kDtRelr) packed = value;
    if (tag == kDtRelrSize) packed_size = value;
  }
  const auto table = [&](uint64_t address, uint64_t size, size_t one) -> std::optional<Table> {
    const auto offset = OffsetOf(elf, address);
    if (!address || !offset) return std::nullopt;
    return Table{*offset, std::min(size / one, kMostRelocations)};
  };
  return {table(whole, whole_size, sizeof(Elf64_Rela)),
          table(packed, packed_size, sizeof(uint64_t))};
}

class Comparison {
 public:
  Comparison(const Elf& elf, const ReadAt& file, const ProcessMemory& memory, uint64_t base)
      : elf_(elf), file_(file), memory_(memory), base_(base), fixed_(*Find(elf, PT_GNU_RELRO)) {}

  void CompareWhole(const Table& table, uint32_t relative) {
    for (uint64_t i = 0; i < table.count && !done(); ++i) {
      std::array<std::byte, sizeof(Elf64_Rela)> entry;
      if (!file_(table.offset + i * entry.size(), entry)) break;
      if (NumberAt(elf_, entry, 8, 8) == relative)
        Compare(NumberAt(elf_, entry, 0, 8), NumberAt(elf_, entry, 16, 8));
    }
  }

  // An even word is an address, an odd one a map of the 63 words that follow. What is added to is
  // in the file.
  void ComparePacked(const Table& table) {
    constexpr uint64_t kMapped = 63;
    uint64_t next = 0;
    for (uint64_t i = 0; i < table.count && !done(); ++i) {
      const auto entry = WordAt(table.offset + i * kWord);
      if (!entry) break;
      if (*entry % 2 == 0) {
        CompareInFile(*entry);
        next = *entry + kWord;
        continue;
      }
      for (uint64_t bit = 0; bit < kMapped && !done(); ++bit)
        if (*entry >> (bit + 1) & 1) CompareInFile(next + bit * kWord);
      next += kMapped * kWord;
    }
  }

  Relocated result() const {
    if (differs_) return Relocated::kNo;
    return compared_ ? Relocated::kYes : Relocated::kCannotTell;
  }

 private:
  static constexpr uint64_t kWord = sizeof(uint64_t);

  bool done() const { return differs_ || compared_ >= kSamples || tried_ >= kMostRelocations; }
  bool IsFixed(uint64_t at) const {
    return at >= fixed_.address && at - fixed_.address + kWord <= fixed_.memory_size;
  }

  std::optional<uint64_t> WordAt(uint64_t offset) const {
    std::array<std::byte, kWord> word;
    if (!file_(offset, word)) return std::nullopt;
    return NumberAt(elf_, word, 0, kWord);
  }

  void CompareInFile(uint64_t at) {
    ++tried_;
    const auto offset = IsFixed(at) ? OffsetOf(elf_, at) : std::nullopt;
    const auto addend = offset ? WordAt(*offset) : std::nullopt;
    if (addend) Compare(at, *addend);
  }

  void Compare(uint64_t at, uint64_t addend) {
    if (!IsFixed(at)) return;
    std::array<std::byte, kWord> word;
    if (!memory_.Read(base_ + at, word.data(), word.size())) return;
    ++compared_;
    differs_ = differs_ || NumberAt(elf_, word, 0, kWord) != base_ + addend;
  }

  const Elf& elf_;
  const ReadAt& file_;
  const ProcessMemory& memory_;
  const uint64_t base_;
  const Segment& fixed_;
  size_t compared_ = 0;
  uint64_t tried_ = 0;
  bool differs_ = false;
};

}  // namespace

Relocated IsRelocatedFrom(const Elf& elf, const ReadAt& file, const ProcessMemory& memory,
                          uint64_t base) {
  const auto relative = RelativeType(elf);
  // Where nothing was added, nothing was changed.
  if (!elf.is_64 || !relative || !Find(elf, PT_GNU_RELRO) || base == 0)
    return Relocated::kCannotTell;
  const Tables tables = FindRelocations(elf, file);
  Comparison comparison(elf, file, memory, base);
  if (tables.whole) comparison.CompareWhole(*tables.whole, *relative);
  if (tables.packed) comparison.ComparePacked(*tables.packed);
  return comparison.result();
}

}  // namespace rm
