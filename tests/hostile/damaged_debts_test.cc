// Is a program started wrongly when what a killed installer noted about it was damaged?
#include <algorithm>

#include "hostile/damage.h"
#include "hostile/killed_update.h"

namespace rm::test {
namespace {

namespace fs = std::filesystem;

using Debts = KilledUpdate;

TEST_F(Debts, AreBroughtBackAsTheyWereOrNotAtAll) {
  Damage damage(120);
  int back = 0, some = 0, told = 0, untold = 0;
  for (int trial = 0; trial < damage.trials(); ++trial) {
    Restore();
    const std::vector<std::string> files = Files();
    const std::string name = files[damage.Below(files.size())];
    const std::string done = damage.Do(fs::path(population_.store()) / name);
    const Ending ending = Recover();
    EXPECT_EQ(ending.Trouble(), "") << done;
    auto running = population_.NamesOfWhoRuns();
    std::ranges::sort(running);
    const bool each_once = std::ranges::adjacent_find(running) == running.end();
    const bool known = std::ranges::all_of(
        running, [](const std::string& name) { return name == "0" || name == "1"; });
    EXPECT_TRUE(each_once && known) << done << ": " << ::testing::PrintToString(running);
    const bool all = running.size() == 2;
    const bool says = ending.status != 0 && !ending.said.empty();
    back += all;
    some += !all && !running.empty();
    told += !all && says;
    if (all || says) continue;
    // A log that is cut is an earlier moment, in which nobody was asked to leave yet.
    ++untold;
    EXPECT_TRUE(name.starts_with("sessions.db-")) << done << ": lost; " << ending.said;
  }
  printf(
      "debts: %d trials, %d brought back, %d said what is wrong (%d with one of two back), "
      "%d at an earlier moment\n",
      damage.trials(), back, told, some, untold);
}

}  // namespace
}  // namespace rm::test
