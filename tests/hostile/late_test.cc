// Is anybody lost, or anything foreign followed or waited for, when it takes the place of one of
// our files in the middle of a session?
#include <gtest/gtest.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <functional>
#include <thread>

#include "crash/population.h"
#include "hostile/limited.h"
#include "hostile/misplacing.h"

namespace rm::test {
namespace {

namespace fs = std::filesystem;
using Words = std::vector<std::string>;

// COMMAND: says that everybody is down, and waits until it is told to end.
constexpr char kWait[] = ": >\"$0\"; while [ ! -e \"$1\" ]; do sleep 0.01; done";

class Late : public ::testing::Test {
 protected:
  void SetUp() override {
    if (fs::exists("/run/systemd/system")) GTEST_SKIP() << "needs a machine without systemd";
    setenv("RESTART_MANAGER_DIR", store().c_str(), 1);
  }

  fs::path store() const { return population_.store(); }
  fs::path path(const char* name) const { return fs::path(population_.directory()) / name; }

  // What is replaced while everybody is down; then the session goes on as in `on`.
  using Middle = std::function<void()>;

  Ending OneInstaller(const Middle& middle) const {
    fs::remove(path("down"));
    fs::remove(path("go"));
    Ending ending;
    std::thread installer([&] {
      ending = RunLimited({RESTARTCTL, "run", "-q", "--relaunch", "-f", population_.program(), "--",
                           "/bin/sh", "-c", kWait, path("down"), path("go")});
    });
    while (!fs::exists(path("down"))) poll(nullptr, 0, 5);
    middle();
    std::ofstream(path("go")).close();
    installer.join();
    return ending;
  }

  Ending OneCommandAfterTheOther(const Middle& middle) {
    const std::string owner = std::to_string(getpid());
    const fs::path key = path("key");
    const Ending started = RunLimited([&]() -> int {
      if (!freopen(key.c_str(), "w", stdout)) return 1;
      execl(RESTARTCTL, RESTARTCTL, "session", "start", "--owner", owner.c_str(), nullptr);
      return 127;
    });
    EXPECT_EQ(started.status, 0) << started.said;
    std::ifstream(key) >> session_;
    for (const Words& words : {Words{"register", session_, "-f", population_.program()},
                               Words{"shutdown", session_, "--relaunch"}}) {
      const Ending done = Session(words);
      EXPECT_EQ(done.status, 0) << words[0] << done.said;
    }
    middle();
    return Session({"restart", session_});
  }

  static Ending Session(Words words) {
    words.insert(words.begin(), {RESTARTCTL, "session"});
    return RunLimited(words);
  }

  // The files that a session has when everybody is down.
  std::vector<std::string> Names() const {
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(store()))
      names.push_back(entry.path().filename());
    for (const char* name : {"paying", "journal-budget", "sessions.db-journal"})
      if (std::ranges::find(names, name) == names.end()) names.push_back(name);
    std::ranges::sort(names);
    return names;
  }

  // Each by one of each kind in turn, or by every third kind unless RM_CRASH_ALL is set.
  void ReplaceEachFile(const std::function<Ending(const Middle&)>& way) {
    const bool all = getenv("RM_CRASH_ALL");
    for (size_t number = 0, count = 1; number < count; ++number) {
      size_t turn = number;
      for (const char* kind : kMisplacedKinds)
        if (all || turn++ % 3 == 0) Replace(number, kind, way, count);
    }
    printf("late: %d tried, %d refused, in %d all were brought back at once\n", tried_, refused_,
           back_);
  }

  void Replace(size_t number, const char* kind, const std::function<Ending(const Middle&)>& way,
               size_t& count) {
    population_.Complete();
    std::string name;
    bool put = false;
    const Ending ending = way([&] {
      const std::vector<std::string> names = Names();
      count = names.size();
      name = names.at(std::min(number, count - 1));
      fs::remove_all(path("kept"));
      fs::copy(store(), path("kept"), fs::copy_options::recursive);
      put = misplacing_.Put(kind, store() / name);
    });
    const std::string what = std::string(kind) + " at " + name + ": ";
    EXPECT_EQ(ending.Trouble(), "") << what;
    EXPECT_EQ(misplacing_.Harm(), "") << what;
    const bool all = population_.NamesOfWhoRuns().size() == 2;
    EXPECT_TRUE(all || (ending.status != 0 && !ending.said.empty()))
        << what << "lost " << ending.status << ending.said;
    tried_ += put;
    refused_ += ending.status != 0;
    back_ += all;
    PutRight(name);
    // Its owner lives: nobody but the owner tries again.
    if (!session_.empty()) {
      EXPECT_EQ(Session({"restart", session_}).Trouble(), "") << what;
      EXPECT_EQ(Session({"end", session_}).Trouble(), "") << what;
    }
    const Ending recovered = RunLimited({RESTARTCTL, "recover"});
    EXPECT_EQ(recovered.Trouble(), "") << what;
    EXPECT_EQ(population_.AwaitEveryoneOnce(), "") << what << ending.said << recovered.said;
    // The next one begins with nothing.
    fs::remove_all(store());
    fs::create_directory(store());
    chmod(store().c_str(), 0700);
  }

  // At once: a guard that still looks into the store may have made another one, which is not to be
  // written into.
  void PutRight(const std::string& name) const {
    if (!fs::exists(path("kept") / name)) {
      fs::remove_all(store() / name);
      return;
    }
    fs::copy_file(path("kept") / name, path("right"));
    chmod(path("right").c_str(), 0600);
    if (fs::is_directory(fs::symlink_status(store() / name))) fs::remove_all(store() / name);
    fs::rename(path("right"), store() / name);
  }

  Population population_{2, GUEST};
  Misplacing misplacing_{population_.directory()};
  std::string session_;  // its key, where the test is the owner
  int tried_ = 0, refused_ = 0, back_ = 0;
};

TEST_F(Late, UnderOneInstaller) {
  ReplaceEachFile([this](const Middle& middle) { return OneInstaller(middle); });
}

TEST_F(Late, BetweenTwoCommands) {
  ReplaceEachFile([this](const Middle& middle) { return OneCommandAfterTheOther(middle); });
}

}  // namespace
}  // namespace rm::test
