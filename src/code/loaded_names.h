// By which names did a process load its code? Its own dynamic loader knows: what the program was
// executed as (AT_EXECFN), and the name of each library (the link map of ld.so). The kernel only
// knows what the files are called now.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "code/process_memory.h"

namespace rm {

struct LoadedLibrary {
  std::string name;      // as it was opened: links not resolved; bytes that the process may change
  uint64_t base = 0;     // what the loader added to each address in the file
  uint64_t dynamic = 0;  // an address inside of it
};

struct LoadedNames {
  std::string program;           // as it was executed; "" unknown
  uint64_t program_headers = 0;  // an address inside of the program; 0 unknown
  uint64_t base = 0;             // of the program
  std::vector<LoadedLibrary> libraries;
};

// The start-up vector of the program: it changes with every execve(2). "" when it cannot be read.
std::string ReadAuxv(int process_directory);

// What may not be read, or is none of this, is left out: a static program has no libraries.
LoadedNames ReadLoadedNames(int process_directory, const ProcessMemory& memory);

}  // namespace rm
