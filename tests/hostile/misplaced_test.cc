// Is anything followed, written to, or waited for that stands where one of our files should be?
#include <sys/stat.h>

#include <algorithm>

#include "hostile/killed_update.h"
#include "hostile/misplacing.h"

namespace rm::test {
namespace {

namespace fs = std::filesystem;

class Misplaced : public KilledUpdate {
 protected:
  Misplacing misplacing_{population_.directory()};
};

TEST_F(Misplaced, IsRefusedAndLeftAlone) {
  std::vector<std::string> names = Files();
  for (const char* name : {"sessions.db-journal", "paying", "journal-budget"})
    if (std::ranges::find(names, name) == names.end()) names.push_back(name);
  int tried = 0, refused = 0, back = 0;
  for (const std::string& name : names)
    for (const char* kind : kMisplacedKinds) {
      Restore();
      const fs::path at = fs::path(population_.store()) / name;
      if (!misplacing_.Put(kind, at)) continue;
      ++tried;
      const Ending recovered = Recover();
      const std::string what = std::string(kind) + " at " + name + ": ";
      EXPECT_EQ(recovered.Trouble(), "") << what;
      EXPECT_EQ(misplacing_.Harm(), "") << what;
      auto running = population_.NamesOfWhoRuns();
      const bool all = running.size() == 2;
      EXPECT_LE(running.size(), 2u) << what;
      EXPECT_TRUE(all || (recovered.status != 0 && !recovered.said.empty()))
          << what << "lost " << recovered.status << recovered.said;
      back += all;
      refused += recovered.status != 0;
      // Put right, nobody is lost. A spec file itself cannot be had again.
      if (all || name.starts_with("relaunch-")) continue;
      fs::remove_all(at);
      if (fs::exists(kept() / name)) {
        fs::copy_file(kept() / name, at);
        chmod(at.c_str(), 0600);
      }
      const Ending again = Recover();
      running = population_.NamesOfWhoRuns();
      EXPECT_EQ(running.size(), 2u) << what << "after it was put right: " << again.said;
    }
  printf("misplaced: %d tried, %d refused, in %d all were brought back at once\n", tried, refused,
         back);
}

TEST_F(Misplaced, AStoreThatIsNoDirectoryOfOursIsRefused) {
  const fs::path store = population_.store();
  for (const char* kind : kMisplacedKinds) {
    Restore();
    const fs::path aside = population_.directory() + "/aside";
    fs::rename(store, aside);
    if (misplacing_.Put(kind, store) && std::string(kind) != "directory") {
      if (std::string(kind) == "link") {
        fs::remove(store);
        fs::create_directory_symlink(aside, store);
      }
      const Ending recovered = Recover();
      EXPECT_EQ(recovered.Trouble(), "") << kind;
      EXPECT_NE(recovered.status, 0) << kind;
      EXPECT_NE(recovered.said, "") << kind;
      EXPECT_TRUE(population_.NamesOfWhoRuns().empty()) << kind;
    }
    fs::remove_all(store);
    fs::rename(aside, store);
  }
}

}  // namespace
}  // namespace rm::test
