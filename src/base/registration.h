// Where does a program note that it wants to be started again, and how is that read from outside?
//
// In a sealed memfd that the process keeps open, so that the note ends with the process, by exit or
// by exec (close-on-exec), and nobody else can write it. It names its process: a forked child
// inherits the descriptor, and its copy does not count.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"

namespace rm {

struct RegistrationNote {
  pid_t pid = 0;  // whose note it is
  uint64_t start_ticks = 0;
  uint32_t flags = 0;
  std::string command_line;            // as it was registered
  std::vector<std::string> arguments;  // the same, split
};

inline constexpr size_t kRegistrationMaxBytes = 1 << 20;

std::string EncodeRegistration(const RegistrationNote& note);
// None: not written by EncodeRegistration.
std::optional<RegistrationNote> DecodeRegistration(std::string_view bytes);

// A memfd that holds these bytes for good. Invalid: errno says why.
UniqueFd SealRegistration(std::string_view bytes);

// The note of the process with this pid. None: it has not registered, or there is no such process.
// 5: its descriptors may not be looked at. What another process keeps open is never opened before
// it is known to be a memfd, so nothing here blocks.
Result<std::optional<RegistrationNote>> ReadRegistration(pid_t pid);

}  // namespace rm
