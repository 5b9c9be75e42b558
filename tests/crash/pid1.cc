#include "crash/pid1.h"

#include <stdio.h>
#include <unistd.h>

namespace rm::test {

std::string RuntimeDirectory() {
  return geteuid() == 0 ? "/run" : "/run/user/" + std::to_string(geteuid());
}

std::vector<std::string> SystemctlCommand(const std::vector<std::string>& arguments) {
  std::vector<std::string> command{"/bin/systemctl"};
  if (geteuid() != 0) command.push_back("--user");
  command.insert(command.end(), arguments.begin(), arguments.end());
  return command;
}

std::string Systemctl(const std::string& arguments) {
  std::string command;
  for (const std::string& word : SystemctlCommand({arguments, "2>&1"})) command += word + " ";
  FILE* const output = popen(command.c_str(), "r");
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
