// Is everybody brought back, whatever the umask of the installer is? It may take from the owner
// what was asked for, and the guard has given up the capability that makes no difference to root.
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <string>
#include <vector>

#include "crash/population.h"
#include "hostile/limited.h"

namespace rm::test {
namespace {

namespace fs = std::filesystem;

constexpr uid_t kNobody = 65534;

mode_t ModeOf(const fs::path& path) {
  struct stat about {};
  return lstat(path.c_str(), &about) == 0 ? about.st_mode & 07777 : 0;
}

class Umask : public ::testing::Test {
 protected:
  void SetUp() override {
    if (fs::exists("/run/systemd/system")) GTEST_SKIP() << "needs a machine without systemd";
  }

  static void Play(uid_t user) {
    for (const mode_t mask : {0777, 0700, 0277, 0400, 022, 0}) {
      SCOPED_TRACE(testing::Message() << "user " << user << ", umask " << std::oct << mask);
      Population population(1, GUEST);
      setenv("RESTART_MANAGER_DIR", population.store().c_str(), 1);
      fs::remove(population.store());
      ASSERT_EQ(chown(population.directory().c_str(), user, user), 0);
      ASSERT_EQ(chmod((population.directory() + "/starts").c_str(), 0666), 0);
      const auto as_user = [&](const std::vector<std::string>& argv) {
        return RunLimited([&]() -> int {
          if (user != geteuid() && setresuid(user, user, user) != 0) return 97;
          umask(mask);
          std::vector<char*> words;
          for (const std::string& word : argv) words.push_back(const_cast<char*>(word.c_str()));
          words.push_back(nullptr);
          execv(words[0], words.data());
          return 127;
        });
      };
      const pid_t guest = fork();
      if (guest == 0) {
        if (user == geteuid() || setresuid(user, user, user) == 0) population.StartPlain(0);
        _exit(0);
      }
      ASSERT_EQ(population.AwaitEveryoneOnce(), "");

      const std::string program = population.program();
      const Ending ended = as_user({RESTARTCTL, "run", "-q", "--relaunch", "-f", program, "--",
                                    "/bin/sh", "-c", "kill -KILL $PPID"});
      EXPECT_EQ(ended.signal, SIGKILL) << ended.said;
      EXPECT_EQ(population.AwaitEveryoneOnce(2), "") << "its guard brings it back";
      const Ending again =
          as_user({RESTARTCTL, "run", "--relaunch", "-f", program, "--", "/bin/true"});
      EXPECT_EQ(again.status, 0) << again.said;
      EXPECT_EQ(population.AwaitEveryoneOnce(3), "");

      EXPECT_EQ(ModeOf(population.store()), 0700u);
      for (const auto& file : fs::directory_iterator(population.store()))
        EXPECT_EQ(ModeOf(file.path()), 0600u) << file.path();
    }
  }
};

TEST_F(Umask, OfRoot) {
  if (geteuid() != 0) GTEST_SKIP() << "needs root";
  Play(0);
}

TEST_F(Umask, OfAUser) { Play(geteuid() == 0 ? kNobody : geteuid()); }

}  // namespace
}  // namespace rm::test
