// Is anything followed, written to, or waited for that stands where one of our files should be?
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <map>
#include <sstream>

#include "hostile/killed_update.h"

namespace rm::test {
namespace {

namespace fs = std::filesystem;

std::string Content(const fs::path& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

class Misplaced : public KilledUpdate {
 protected:
  fs::path victim() const { return population_.directory() + "/victim"; }
  fs::path nothing() const { return population_.directory() + "/nothing"; }

  // False: it cannot be made here.
  bool Put(const std::string& kind, const fs::path& at) const {
    std::error_code ignored;
    // As it would be believed: what was there, under another name.
    fs::remove(victim());
    if (fs::is_regular_file(at))
      fs::copy_file(at, victim());
    else
      std::ofstream(victim()) << "precious";
    chmod(victim().c_str(), 0600);
    fs::remove_all(at);
    if (kind == "link") fs::create_symlink(victim(), at);
    if (kind == "dangling link") fs::create_symlink(nothing(), at);
    if (kind == "link to itself") fs::create_symlink(at, at);
    if (kind == "directory") fs::create_directory(at, ignored);
    if (kind == "hard link") fs::create_hard_link(victim(), at);
    if (kind == "FIFO") return mkfifo(at.c_str(), 0600) == 0;
    if (kind == "socket") return mknod(at.c_str(), S_IFSOCK | 0600, 0) == 0;
    if (kind == "device") return mknod(at.c_str(), S_IFCHR | 0600, makedev(1, 7)) == 0;  // full
    if (kind == "foreign file") {
      fs::copy_file(victim(), at);
      return chown(at.c_str(), 65534, 65534) == 0;
    }
    if (kind == "open file") {
      fs::copy_file(victim(), at);
      return chmod(at.c_str(), 0666) == 0;
    }
    return true;
  }
};

const char* const kKinds[] = {"link",         "dangling link", "link to itself", "directory",
                              "FIFO",         "hard link",     "socket",         "device",
                              "foreign file", "open file"};

TEST_F(Misplaced, IsRefusedAndLeftAlone) {
  std::vector<std::string> names = Files();
  for (const char* name : {"sessions.db-journal", "paying", "journal-budget"})
    if (std::ranges::find(names, name) == names.end()) names.push_back(name);
  int tried = 0, refused = 0, back = 0;
  for (const std::string& name : names)
    for (const char* kind : kKinds) {
      Restore();
      const fs::path at = fs::path(population_.store()) / name;
      if (!Put(kind, at)) continue;
      ++tried;
      const std::string precious = Content(victim());
      const Ending recovered = Recover();
      const std::string what = std::string(kind) + " at " + name + ": ";
      EXPECT_EQ(recovered.Trouble(), "") << what;
      EXPECT_EQ(Content(victim()), precious) << what << "it was written to";
      EXPECT_FALSE(fs::exists(nothing())) << what << "it was made";
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
  for (const char* kind : kKinds) {
    Restore();
    const fs::path aside = population_.directory() + "/aside";
    fs::rename(store, aside);
    if (Put(kind, store) && std::string(kind) != "directory") {
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
