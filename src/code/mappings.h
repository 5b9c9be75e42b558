// Which files does this process map? /proc/PID/maps, one entry for each file.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "code/process_memory.h"

namespace rm {

struct Mapping {
  std::string path;  // as printed, with " (deleted)" and escapes
  uint64_t dev = 0;  // the superblock's
  uint64_t ino = 0;
  bool executable = false;    // some part of it is
  AddressRange first;         // one part: its name in map_files; an executable one if there is one
  uint64_t first_offset = 0;  // of that part in the file
  uint64_t header = 0;        // where its first page is mapped; 0 nowhere
};

struct Mappings {
  std::vector<Mapping> files;
  struct Part {
    AddressRange range;
    int file = -1;  // index; -1: anonymous
  };
  std::vector<Part> parts;  // by address

  // Index of the file that is mapped there; -1: none.
  int FileAt(uint64_t address) const;
};

// 0 or an errno. `buffer` is kept from one process to the next.
int ReadMappings(int process_directory, std::vector<char>& buffer, Mappings& mappings);

// PROCMAP_QUERY (Linux 6.11): the build-id that the kernel finds in the file mapped at this
// address, in lower case hex; "" where it does not know the call, or there is none. Unlike
// map_files, it needs no more rights than maps.
std::string AskBuildId(int process_directory, uint64_t address);

}  // namespace rm
