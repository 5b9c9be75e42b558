// Is a guard that does not watch ever taken for one that does?
#include "machine/holds.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include <filesystem>

namespace rm {
namespace {

namespace fs = std::filesystem;

class Guard : public ::testing::Test {
 protected:
  void SetUp() override {
    if (Manager::Booted()) GTEST_SKIP() << "needs a machine without systemd";
    std::string pattern = ::testing::TempDir() + "rm-holds-XXXXXX";
    ASSERT_TRUE(mkdtemp(pattern.data()));
    directory_ = pattern;
  }
  void TearDown() override {
    signal(SIGCHLD, SIG_DFL);
    if (!directory_.empty()) fs::remove_all(directory_);
  }

  // With this program as the guard.
  Result<void> Begin(const char* program) {
    fs::remove(directory_ + "/rm-guard");
    fs::create_symlink(program, directory_ + "/rm-guard");
    HoldRequest request;
    request.session = "0123456789abcdef";
    request.store_directory = directory_;
    ServiceManagers managers;
    return Holds(managers, directory_).Begin(request);
  }

  std::string directory_;
};

TEST_F(Guard, ThatEndsAtOnceIsAFailure) {
  EXPECT_FALSE(Begin("/bin/false"));
  EXPECT_FALSE(Begin("/not/there"));
}

// Then nobody learns how a child ended: its failure was taken for a success, and what was stopped
// stayed down when the installer died.
TEST_F(Guard, ThatEndsAtOnceIsAFailureAlsoToWhoIgnoresItsChildren) {
  signal(SIGCHLD, SIG_IGN);
  EXPECT_FALSE(Begin("/bin/false"));
}

}  // namespace
}  // namespace rm
