#include "real/load/update.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <sstream>

namespace rm::test {
namespace {

std::string OutputOf(const Population& population) { return population.directory() + "/said"; }

}  // namespace

std::vector<std::string> Restartctl(const Population& population) {
  std::vector<std::string> words = {RESTARTCTL,           "run", "--relaunch", "-f",
                                    population.program(), "--"};
  for (const std::string& word : population.Replacement()) words.push_back(word);
  return words;
}

std::vector<std::string> PatientInstaller(const Population& population) {
  return {PEER, "update", population.program(), GUEST};
}

pid_t StartUpdate(const Population& population, std::vector<std::string> installer) {
  std::vector<char*> arguments;
  for (std::string& word : installer) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  const std::string output = OutputOf(population);
  const pid_t child = fork();
  if (child != 0) return child;
  const int said = open(output.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0644);
  dup2(said, 1);
  dup2(said, 2);
  closefrom(3);
  execv(arguments[0], arguments.data());
  _exit(127);
}

std::string AwaitUpdate(const Population& population, pid_t update) {
  int status = 0;
  waitpid(update, &status, 0);
  if (status == 0) return "";
  std::ostringstream said;
  said << std::ifstream(OutputOf(population)).rdbuf();
  const std::string all = said.str();
  return "the installer ended with status " + std::to_string(status) + ": ..." +
         all.substr(all.size() - std::min<size_t>(all.size(), 2000)) + "; ";
}

void WriteService(const Population& population, const std::string& name,
                  const std::string& argument, const std::string& depends) {
  std::ofstream("/run/systemd/system/" + name)
      << "[Unit]\n"
      << depends << "[Service]\nType=exec\nExecStart=" << population.program() << " " << argument
      << "\n";
}

std::string NotRenewed(const Population& population, int size) {
  std::string trouble = population.AwaitEveryoneOnce();
  if (const int renewed = population.Renewed(); renewed != size)
    trouble += "only " + std::to_string(renewed) + " are new processes; ";
  if (const int old = population.OnOldFile(); old != 0)
    trouble += std::to_string(old) + " run the old file; ";
  return trouble;
}

}  // namespace rm::test
