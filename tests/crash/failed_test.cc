// Is anybody lost, stopped twice, or is nothing said, whichever call of the installer, its guard or
// rm-relaunch fails?
#include <sys/wait.h>

#include "crash/trials.h"

namespace rm::test {
namespace {

class Failed : public Trials {
 protected:
  TraceRequest Failing(const Words& argv, const std::string& program) const {
    TraceRequest request = Request(argv, program, Trouble::kFailCall);
    request.errors = errors();
    return request;
  }

  // It ends, and whoever does not get what was asked for is told so.
  std::string EndsAndTells(const TraceResult& result) const {
    if (result.endless) return "did not end; ";
    if (!WIFEXITED(result.status))
      return "ended by signal " + std::to_string(WTERMSIG(result.status)) + "; ";
    const std::string said = Said();
    const int status = WEXITSTATUS(result.status);
    if (status != 0 && said.empty())
      return "ended with " + std::to_string(status) + " and said nothing; ";
    if (status == 0 && said.empty() && population_.Renewed() != 2)
      return std::to_string(population_.Renewed()) + " of 2 were restarted, and nothing was said; ";
    return "";
  }

  void AtEveryCall(const Words& argv, const std::string& program, int stride) {
    AtEveryPoint(Failing(argv, program), stride,
                 [this](const TraceResult& result) { return EndsAndTells(result); });
  }
};

TEST_F(Failed, CallOfTheInstaller) {
  AtEveryCall(Run(population_.Replacement()), "restartctl", 64);
}

TEST_F(Failed, CallOfTheGuard) { AtEveryCall(Run(population_.Replacement()), "rm-guard", 2); }

TEST_F(Failed, CallOfTheProgramThatBringsBack) {
  AtEveryCall(Run(population_.Replacement()), "rm-relaunch", 16);
}

TEST_F(Failed, CallOfTheGuardThatPays) {
  AtEveryPoint(Failing(Run({"/bin/sh", "-c", "kill -KILL $PPID"}), "rm-guard"), 16);
}

}  // namespace
}  // namespace rm::test
