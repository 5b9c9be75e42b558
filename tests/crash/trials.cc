#include "crash/trials.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <utility>

namespace rm::test {
namespace fs = std::filesystem;

namespace {

std::string Recover() {
  const pid_t child = fork();
  if (child == 0) {
    dup2(open("/dev/null", O_WRONLY), 1);
    execl(RESTARTCTL, RESTARTCTL, "recover", nullptr);
    _exit(127);
  }
  int status = 0;
  waitpid(child, &status, 0);
  return status == 0 ? "" : "recover failed; ";
}

}  // namespace

void Trials::SetUp() {
  if (fs::exists("/run/systemd/system")) GTEST_SKIP() << "needs a machine without systemd";
  setenv("RESTART_MANAGER_DIR", population_.store().c_str(), 1);
}

Trials::Words Trials::Run(const Words& command) const {
  Words words{RESTARTCTL, "run", "-q", "--relaunch", "-f", population_.program(), "--"};
  words.insert(words.end(), command.begin(), command.end());
  return words;
}

TraceRequest Trials::Request(Words argv, const std::string& program, Trouble trouble) const {
  TraceRequest request;
  request.argv = std::move(argv);
  request.followed = {"restartctl", "rm-guard", "rm-relaunch"};
  request.program = program;
  request.armed_by = population_.store();
  request.trouble = trouble;
  return request;
}

std::string Trials::Settle() {
  std::string trouble = Recover();
  trouble += population_.AwaitEveryoneOnce();
  for (const std::string& left : population_.LeftInStore()) trouble += "left " + left + "; ";
  return trouble;
}

std::string Trials::Said() const {
  std::ostringstream said;
  said << std::ifstream(errors()).rdbuf();
  return said.str();
}

void Trials::AtEveryPoint(TraceRequest request, int stride, const Judge& judge) {
  if (getenv("RM_CRASH_ALL")) stride = 1;
  int tried = 0;
  int lost = 0;
  for (request.at = 1;; request.at += stride) {
    population_.Complete();
    fs::remove(errors());
    const TraceResult result = RunTraced(request);
    if (!result.reached) {
      printf("%s: points %d, tried %d, lost %d\n", request.program.c_str(), result.calls, tried,
             lost);
      EXPECT_GT(result.calls, 0);
      return;
    }
    ++tried;
    std::string trouble = judge ? judge(result) : "";
    trouble += Settle();
    if (trouble.empty()) continue;
    ++lost;
    ADD_FAILURE() << "point " << request.at << ", " << result.call << ": " << trouble << Said();
    if (lost > 20) return;
  }
}

}  // namespace rm::test
