// Is the memory of a loaded file the one that its loader made of the file as it is now?
#pragma once

#include <cstdint>

#include "code/elf.h"
#include "code/process_memory.h"

namespace rm {

enum class Relocated { kYes, kNo, kCannotTell };

// The loader writes addresses into the part of a file that is read-only afterwards (PT_GNU_RELRO).
// When somebody writes the file anew in place, this part is thrown away, or is left as it was while
// its addresses have moved: both show. `base` is what the loader added to each address. Looks at
// the relative relocations of 64-bit files.
Relocated IsRelocatedFrom(const Elf& elf, const ReadAt& file, const ProcessMemory& memory,
                          uint64_t base);

}  // namespace rm
