// What does the service manager of a booted systemd have in hand? Asked with its own systemctl: PID
// 1 by root, by others their own.
#pragma once

#include <string>

namespace rm::test {

// Of the caller's service manager; "/run" or "/run/user/UID".
std::string RuntimeDirectory();
std::string SystemctlLine(const std::string& arguments);

// What it prints.
std::string Systemctl(const std::string& arguments);

// Jobs, holds, gates, and failed units of ours or of tests; "" if there are none.
std::string LeftInPid1();

}  // namespace rm::test
