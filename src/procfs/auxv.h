// As whom, and by what name, did exec start a program? The kernel notes it in the auxiliary vector.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string_view>

namespace rm {

struct IdsAtStart {
  uid_t uid = 0, euid = 0;
  gid_t gid = 0, egid = 0;
};

// Of /proc/PID/auxv, of a program of 64 or of 32 bits. A process may have written it anew, so that
// it proves nothing to who would give rights on its word.
std::optional<IdsAtStart> ParseIdsAtStart(std::string_view auxv);

// Where in the memory of the process that name is; 0: unknown.
uint64_t ParseNameAddress(std::string_view auxv);

}  // namespace rm
