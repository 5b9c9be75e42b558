// Is a guard that does not watch ever taken for one that does, and is a program brought back whose
// late return nobody waits for any more?
#include "machine/holds.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "apps/launch.h"
#include "base/win32_codes.h"
#include "machine/kept_files.h"

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

class LateReturn : public Guard {
 protected:
  // It stayed when it was asked, and what was written down for it was moved away.
  Debt Left() const {
    Debt debt;
    debt.process.emplace();
    debt.process->was = {4194303, 1};
    debt.spec_file = directory_ + "/relaunch-1";
    return debt;
  }
  std::string File() const { return LateFile(directory_, Left().process->was); }
  // With an rm-relaunch that starts nothing: whether it was tried.
  bool Tries(Debt& debt) {
    fs::create_symlink("/bin/false", directory_ + "/rm-relaunch");
    ServiceManagers managers;
    const auto started = Holds(managers, directory_).Start(debt);
    EXPECT_TRUE(started || started.error().code == kFailRestart);
    return !started;
  }
};

TEST_F(LateReturn, WhoWaitedForItHasBroughtItBack) {
  Debt debt = Left();
  EXPECT_FALSE(Tries(debt));
  EXPECT_EQ(debt.state, DebtState::kPaid);
}

TEST_F(LateReturn, WhoStillWaitsForItBringsItBack) {
  const auto waits = LockFile(File());
  ASSERT_TRUE(waits);
  Debt debt = Left();
  EXPECT_FALSE(Tries(debt));
  EXPECT_TRUE(fs::exists(File()));
}

TEST_F(LateReturn, WhoWaitedForItWasKilled) {
  std::ofstream(File()).close();
  Debt debt = Left();
  EXPECT_TRUE(Tries(debt));
  EXPECT_EQ(debt.state, DebtState::kOwed);
  EXPECT_TRUE(fs::exists(debt.spec_file)) << "for the next try";
  EXPECT_FALSE(fs::exists(File()));
}

}  // namespace
}  // namespace rm
