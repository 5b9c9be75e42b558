#include "procfs/running_program.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <string_view>
#include <vector>

#include "procfs/parse.h"
#include "procfs/read.h"

namespace rm {
namespace {

int OpenMaps(int process_directory, UniqueFd& maps) {
  maps.Reset(openat(process_directory, "maps", O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  return maps ? 0 : errno;
}

// What was opened stays that of the address space that the process had then, and is empty when
// nobody uses that any more.
bool IsInUse(const UniqueFd& maps) {
  char byte = 0;
  return pread(maps.get(), &byte, 1, 0) > 0;
}

std::vector<std::string> RightsOf(std::string_view status) {
  std::vector<std::string> rights;
  for (const char* const name : {"Uid", "Gid", "Groups", "CapInh", "CapPrm", "CapEff", "CapBnd",
                                 "CapAmb", "NoNewPrivs", "Seccomp"}) {
    rights.emplace_back(FieldOf(status, name));
  }
  return rights;
}

}  // namespace

// Before and after: who shares its memory with another process (CLONE_VM) can keep that in use when
// it executes another program, but not one of somebody else's that has more rights.
int RunningProgram::Open(int process_directory) {
  int error = OpenMaps(process_directory, before_);
  if (!error) error = ReadFileAt(process_directory, "status", kSmallFile, status_);
  if (!error) error = OpenMaps(process_directory, after_);
  return error;
}

bool RunningProgram::IsThere(int process_directory) const {
  std::string status;
  return ReadFileAt(process_directory, "status", kSmallFile, status) == 0 &&
         RightsOf(status) == RightsOf(status_) && IsInUse(before_) && IsInUse(after_);
}

}  // namespace rm
