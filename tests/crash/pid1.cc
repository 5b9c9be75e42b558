#include "crash/pid1.h"

#include <stdio.h>
#include <unistd.h>

namespace rm::test {

std::string RuntimeDirectory() {
  return geteuid() == 0 ? "/run" : "/run/user/" + std::to_string(geteuid());
}

std::string SystemctlLine(const std::string& arguments) {
  return (geteuid() == 0 ? "systemctl " : "systemctl --user ") + arguments;
}

std::string Systemctl(const std::string& arguments) {
  FILE* const output = popen((SystemctlLine(arguments) + " 2>&1").c_str(), "r");
  std::string text;
  for (int c; (c = fgetc(output)) != EOF;) text += static_cast<char>(c);
  pclose(output);
  return text == "No jobs running.\n" ? "" : text;
}

std::string LeftInPid1() {
  return Systemctl("list-jobs --no-legend") +
         Systemctl("list-units --plain --no-legend 'rm-hold-*' 'rm-gate-*' 'rm-order-*'") +
         Systemctl("list-units --state=failed --plain --no-legend 'rm-*'");
}

}  // namespace rm::test
