#include "crash/booted.h"

#include <stdlib.h>
#include <sys/wait.h>

#include <fstream>
#include <sstream>

namespace rm::test {

void Booted::SetUp() { setenv("RESTART_MANAGER_DIR", population_.store().c_str(), 1); }

std::string Booted::Recover() const {
  const std::string command = std::string(RESTARTCTL) + " recover >/dev/null";
  return system(command.c_str()) == 0 ? "" : "recover failed; ";
}

std::string Booted::Said() const {
  std::ostringstream said;
  said << std::ifstream(errors()).rdbuf();
  return said.str();
}

std::string Booted::Tells(int status) {
  if (!WIFEXITED(status)) return "was killed; ";
  if (WEXITSTATUS(status) == 0) return "";
  const std::string said = Said();
  ++complaints_[said.substr(0, said.find('\n'))];
  return said.empty() ? "said nothing; " : "";
}

bool Booted::OwesAndSaysSo(int status) const {
  return WIFEXITED(status) && WEXITSTATUS(status) != 0 &&
         Said().find("could not be brought back") != std::string::npos;
}

std::string Booted::Settle(size_t most_starts, bool owed) {
  std::string trouble;
  if (!owed) trouble += services_.AwaitAllAsBefore(most_starts);
  trouble += Recover();
  trouble += services_.AwaitAllAsBefore(most_starts);
  for (const std::string& left : population_.LeftInStore()) trouble += "left " + left + "; ";
  return trouble;
}

void Booted::PrintComplaints() const {
  for (const auto& [said, times] : complaints_) printf("  %dx %s\n", times, said.c_str());
}

}  // namespace rm::test
