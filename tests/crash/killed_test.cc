// Is anybody lost, or started twice, wherever the installer, its guard or rm-relaunch is killed?
#include "crash/trials.h"

namespace rm::test {
namespace {

using Killed = Trials;

TEST_F(Killed, Installer) {
  AtEveryPoint(Request(Run(population_.Replacement()), "restartctl", Trouble::kKill), 8);
}

TEST_F(Killed, InstallerAndAllThatItStarted) {
  AtEveryPoint(Request(Run(population_.Replacement()), "restartctl", Trouble::kKillAll), 16);
}

TEST_F(Killed, GuardWhenTheInstallerIs) {
  AtEveryPoint(Request(Run({"/bin/sh", "-c", "kill -KILL $PPID"}), "rm-guard", Trouble::kKill), 8);
}

TEST_F(Killed, ProgramThatBringsBack) {
  AtEveryPoint(Request(Run({"/bin/true"}), "rm-relaunch", Trouble::kKill), 1);
}

}  // namespace
}  // namespace rm::test
