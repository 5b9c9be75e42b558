#include "code/process_memory.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

namespace rm {
namespace {

constexpr uint64_t kPresent = 1ull << 63;  // Documentation/admin-guide/mm/pagemap.rst

UniqueFd OpenAt(int directory, const char* name) {
  return UniqueFd(openat(directory, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
}

}  // namespace

ProcessMemory::ProcessMemory(int process_directory, std::vector<AddressRange> foreign)
    : memory_(OpenAt(process_directory, "mem")), foreign_(std::move(foreign)) {
  if (!foreign_.empty()) pages_ = OpenAt(process_directory, "pagemap");
}

bool ProcessMemory::Read(uint64_t address, void* into, size_t size) const {
  return ReadSome(address, into, size) == size;
}

size_t ProcessMemory::ReadSome(uint64_t address, void* into, size_t size) const {
  if (!memory_ || address > UINT64_MAX - size || !IsThere(address, size)) return 0;
  const ssize_t got = pread(memory_.get(), into, size, static_cast<off_t>(address));
  return got < 0 ? 0 : static_cast<size_t>(got);
}

bool ProcessMemory::IsThere(uint64_t address, size_t size) const {
  const auto range = std::upper_bound(
      foreign_.begin(), foreign_.end(), address,
      [](uint64_t at, const AddressRange& candidate) { return at < candidate.end; });
  if (range == foreign_.end() || range->begin >= address + size) return true;
  const auto page_size = static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
  for (uint64_t page = address / page_size; page * page_size < address + size; ++page) {
    uint64_t entry = 0;
    if (pread(pages_.get(), &entry, sizeof entry, static_cast<off_t>(page * sizeof entry)) !=
            sizeof entry ||
        !(entry & kPresent)) {
      return false;
    }
  }
  return true;
}

}  // namespace rm
