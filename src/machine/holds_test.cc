// Is a guard that does not watch ever taken for one that does, and is a program brought back whose
// late return nobody waits for any more?
#include "machine/holds.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/file.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "apps/launch.h"
#include "base/win32_codes.h"
#include "machine/kept_files.h"
#include "machine/starts.h"

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
    Holds holds(managers, directory_);
    EXPECT_TRUE(holds.Start(debt));
    return !holds.launching().empty();
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

class Starts : public Guard {
 protected:
  void TearDown() override {
    std::ifstream pids(directory_ + "/pids");
    for (pid_t pid = 0; pids >> pid;) kill(pid, SIGKILL);
    Guard::TearDown();
  }

  Debt Owed(int number) const {
    Debt debt;
    debt.id = number;
    debt.process.emplace();
    debt.process->was = {4194303, 1};
    debt.spec_file =
        *WriteSpecFile(directory_, "relaunch-1-" + std::to_string(number), *debt.process);
    return debt;
  }

  // `false`: not all are decided after a second.
  bool Start(std::vector<Debt>& debts) {
    ServiceManagers managers;
    Holds holds(managers, directory_);
    const auto proc = ProcTree::Open();
    for (Debt& debt : debts) EXPECT_TRUE(holds.Start(debt));
    const auto all =
        AwaitStarts(*proc, managers, holds.launching(), debts, Clock::now() + Milliseconds(1000),
                    {}, [](const Debt&, const std::string&) {});
    EXPECT_TRUE(all);
    EXPECT_TRUE(holds.launching().empty()) << "as many pipes were left open";
    return all && *all;
  }
};

// Each had ten seconds, one after the other: fifty kept the next installer for eight minutes.
TEST_F(Starts, FiftyThatHangTakeNoLongerThanWhoWaitsForThem) {
  std::ofstream(directory_ + "/rm-relaunch")
      << "#!/bin/sh\nsleep 600 &\necho $! >>'" << directory_ << "/pids'\n";
  fs::permissions(directory_ + "/rm-relaunch", fs::perms(0700));
  std::vector<Debt> debts;
  for (int i = 0; i < 50; ++i) debts.push_back(Owed(i));
  const TimePoint begin = Clock::now();
  EXPECT_FALSE(Start(debts));
  EXPECT_LT(Clock::now() - begin, std::chrono::seconds(60));
  for (const Debt& debt : debts) {
    EXPECT_EQ(debt.state, DebtState::kOwed);
    EXPECT_TRUE(LookAtSpecFile(debt.spec_file).waiting);
  }
}

TEST_F(Starts, OneThatSomebodyIsAtIsNotStartedASecondTime) {
  fs::create_symlink("/bin/false", directory_ + "/rm-relaunch");
  std::vector<Debt> debts{Owed(1)};
  const UniqueFd somebody(open(debts[0].spec_file.c_str(), O_RDWR | O_CLOEXEC));
  ASSERT_EQ(flock(somebody.get(), LOCK_EX), 0);
  EXPECT_FALSE(Start(debts));
  EXPECT_EQ(debts[0].state, DebtState::kOwed);
}

TEST_F(Starts, OneThatFailsIsToldAndCanBeTriedAgain) {
  fs::create_symlink("/bin/false", directory_ + "/rm-relaunch");
  std::vector<Debt> debts{Owed(1)};
  EXPECT_TRUE(Start(debts));
  EXPECT_EQ(debts[0].state, DebtState::kFailed);
  EXPECT_TRUE(LookAtSpecFile(debts[0].spec_file).waiting);
}

}  // namespace
}  // namespace rm
