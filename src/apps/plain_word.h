// How does a path get to rm-relaunch by way of a service manager? That writes the command into a
// unit's file, and reads it back when it reloads its units: systemd 252 makes another path of one
// with a $ or a semicolon, and D-Bus takes only UTF-8. So it gets letters and digits.
#pragma once

#include <string>
#include <string_view>

namespace rm {

// The absolute path itself, if it is plain; else as "hex:2f...".
std::string ToPlainWord(const std::string& path);
// And back. What is no such word is its own path.
std::string FromPlainWord(const std::string& word);

}  // namespace rm
