// Is anybody lost, or started twice, wherever the installer, its guard or rm-relaunch is killed?
// On plain programs, without a service manager.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>

#include "crash/population.h"
#include "crash/traced.h"

namespace rm::test {
namespace {

using Words = std::vector<std::string>;

Words Restartctl(Words arguments) {
  arguments.insert(arguments.begin(), RESTARTCTL);
  return arguments;
}

class Killed : public ::testing::Test {
 protected:
  void SetUp() override {
    if (std::filesystem::exists("/run/systemd/system"))
      GTEST_SKIP() << "needs a machine without systemd";
    setenv("RESTART_MANAGER_DIR", population_.store().c_str(), 1);
  }

  Words Run(const Words& command) const {
    Words words = Restartctl({"run", "-q", "--relaunch", "-f", population_.program(), "--"});
    words.insert(words.end(), command.begin(), command.end());
    return words;
  }

  TraceRequest Request(Words argv, const std::string& program, Trouble trouble) const {
    TraceRequest request;
    request.argv = std::move(argv);
    request.followed = {"restartctl", "rm-guard", "rm-relaunch"};
    request.program = program;
    request.armed_by = population_.store();
    request.trouble = trouble;
    return request;
  }

  static std::string Recover() {
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

  // Makes the trouble at every point in turn, or at one of `stride` unless RM_CRASH_ALL is set,
  // until there are no more of them.
  void AtEveryPoint(TraceRequest request, int stride = 1) {
    if (getenv("RM_CRASH_ALL")) stride = 1;
    int lost = 0;
    for (request.at = 1;; request.at += stride) {
      const TraceResult result = RunTraced(request);
      if (!result.reached) {
        printf("%s: points %d, lost %d\n", request.program.c_str(), result.calls, lost);
        EXPECT_GT(result.calls, 0);
        return;
      }
      // From here on it is the program itself that is killed.
      if (request.program == "rm-relaunch" && result.call.starts_with("execve")) {
        population_.Complete();
        continue;
      }
      std::string trouble = Recover();
      trouble += population_.AwaitEveryoneOnce();
      for (const std::string& left : population_.LeftInStore()) trouble += "left " + left + "; ";
      if (trouble.empty()) continue;
      ++lost;
      ADD_FAILURE() << "point " << request.at << ", " << result.call << ": " << trouble;
      population_.Complete();
      if (lost > 20) return;
    }
  }

  Population population_{2};
};

TEST_F(Killed, Installer) {
  AtEveryPoint(Request(Run(population_.Replacement()), "restartctl", Trouble::kKill), 4);
}

TEST_F(Killed, InstallerAndAllThatItStarted) {
  AtEveryPoint(Request(Run(population_.Replacement()), "restartctl", Trouble::kKillAll), 8);
}

TEST_F(Killed, GuardWhenTheInstallerIs) {
  AtEveryPoint(Request(Run({"/bin/sh", "-c", "kill -KILL $PPID"}), "rm-guard", Trouble::kKill), 8);
}

TEST_F(Killed, ProgramThatBringsBack) {
  AtEveryPoint(Request(Run({"/bin/true"}), "rm-relaunch", Trouble::kKill), 2);
}

}  // namespace
}  // namespace rm::test
