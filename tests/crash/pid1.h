// What does PID 1 of a booted systemd have in hand? Asked with its own systemctl.
#pragma once

#include <string>

namespace rm::test {

// What it prints.
std::string Systemctl(const std::string& arguments);

// Jobs, holds, gates, and failed units of ours or of tests; "" if there are none.
std::string LeftInPid1();

}  // namespace rm::test
