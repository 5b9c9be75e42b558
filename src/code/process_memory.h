// What is in the memory of that process? Reads only where it cannot wait for a server.
#pragma once

#include <cstdint>
#include <vector>

#include "base/unique_fd.h"

namespace rm {

struct AddressRange {
  uint64_t begin = 0;
  uint64_t end = 0;
};

// Reading may fail anywhere, at any time: the process goes on.
class ProcessMemory {
 public:
  // `foreign`: by address; mapped from files of a server or of a FUSE program. There only pages are
  // read that are in memory already, for others may never come.
  ProcessMemory(int process_directory, std::vector<AddressRange> foreign);

  bool Read(uint64_t address, void* into, size_t size) const;
  // As far as it goes, at most `size` bytes.
  size_t ReadSome(uint64_t address, void* into, size_t size) const;

 private:
  bool IsThere(uint64_t address, size_t size) const;

  UniqueFd memory_;
  UniqueFd pages_;
  std::vector<AddressRange> foreign_;
};

}  // namespace rm
