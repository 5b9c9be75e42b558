// Does this command line ask a service manager to start a unit, and wait for it?
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace rm {

// A systemctl that waits for what it asked for.
struct StartRequest {
  std::vector<std::string> words;  // unit names, abbreviations and patterns as they were given
  bool user_manager = false;       // asks the caller's user manager
};

inline constexpr char kSystemctl[] = "systemctl";

// None: not systemctl, not a verb that starts something, does not wait, or asks another machine.
std::optional<StartRequest> ParseStartRequest(const std::vector<std::string>& argv);

// Is the unit with these names (its Id and aliases) meant by one of the words?
bool Names(const StartRequest& request, const std::vector<std::string>& unit_names);

}  // namespace rm
