#include "journal/budget.h"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

namespace rm {
namespace {

constexpr int64_t kNow = 5'000'000;

TEST(JournalBudgetTest, ABurstSpeaksThenTheyAreSilentAndCounted) {
  JournalBudget budget;
  int spoke = 0;
  for (int i = 0; i < 1000; ++i) spoke += Spend(budget, kNow + i);
  EXPECT_EQ(spoke, 100);
  EXPECT_EQ(budget.unspoken, 900u);
}

TEST(JournalBudgetTest, OneMoreSpeaksAfterAWhile) {
  JournalBudget budget;
  while (Spend(budget, kNow)) {
  }
  EXPECT_FALSE(Spend(budget, kNow + kSessionCost - 1));
  EXPECT_TRUE(Spend(budget, kNow + kSessionCost));
  EXPECT_FALSE(Spend(budget, kNow + kSessionCost));
}

TEST(JournalBudgetTest, TimeThatPassedUnusedIsNoLargerBurst) {
  JournalBudget budget;
  EXPECT_TRUE(Spend(budget, kNow));
  int spoke = 0;
  for (int i = 0; i < 1000; ++i) spoke += Spend(budget, kNow + 1'000 * kSessionCost);
  EXPECT_EQ(spoke, 100);
}

TEST(JournalBudgetTest, AClockOfAnotherBootOrNonsenseBeginsAnew) {
  for (const JournalBudget& odd : {JournalBudget{0, kNow * 2, 3}, JournalBudget{-5, 1, 3},
                                   JournalBudget{0, -kNow, 3}, JournalBudget{0, 0, 3}}) {
    JournalBudget budget = odd;
    EXPECT_TRUE(Spend(budget, kNow));
    EXPECT_EQ(budget.unspoken, 0u);
  }
}

// More than anybody saves, and a sum that overflows: what others wrote.
TEST(JournalBudgetTest, AFortuneIsNotBelieved) {
  JournalBudget budget{INT64_MAX - 1, 1, 0};
  EXPECT_TRUE(Spend(budget, 20'000));
  EXPECT_EQ(budget.credit_ms, kMostCredit - kSessionCost);
}

class JournalBudgetFileTest : public ::testing::Test {
 protected:
  ~JournalBudgetFileTest() override { std::filesystem::remove_all(directory_); }
  static std::string MakeDirectory() {
    char name[] = "/tmp/rm-budget-XXXXXX";
    return mkdtemp(name);
  }
  std::string directory_ = MakeDirectory();
  std::string file_ = directory_ + "/journal-budget";
};

TEST_F(JournalBudgetFileTest, AllProcessesOfAUserHaveOneBudget) {
  int spoke = 0;
  for (int i = 0; i < 150; ++i) spoke += AskBudget(directory_).now;
  EXPECT_GE(spoke, 100);
  EXPECT_LT(spoke, 150);
}

TEST_F(JournalBudgetFileTest, WhoSpeaksTellsOfTheSilentOnce) {
  ASSERT_TRUE(AskBudget(directory_).now);
  JournalBudget budget;
  std::ifstream(file_).read(reinterpret_cast<char*>(&budget), sizeof budget);
  budget.unspoken = 7;
  std::ofstream(file_).write(reinterpret_cast<char*>(&budget), sizeof budget);
  EXPECT_EQ(AskBudget(directory_).unspoken, 7u);
  EXPECT_EQ(AskBudget(directory_).unspoken, 0u);
}

TEST_F(JournalBudgetFileTest, WithoutAPlaceForItNobodySpeaks) {
  EXPECT_FALSE(AskBudget(directory_ + "/missing").now);
  std::filesystem::create_symlink("/dev/null", file_);
  EXPECT_FALSE(AskBudget(directory_).now);
}

TEST_F(JournalBudgetFileTest, WhatIsNoFileOfItsOwnIsNotWrittenTo) {
  const std::string victim = directory_ + "/victim";
  std::ofstream(victim) << "precious";
  std::filesystem::create_hard_link(victim, file_);
  EXPECT_FALSE(AskBudget(directory_).now);
  EXPECT_EQ(std::filesystem::file_size(victim), 8u);
  std::filesystem::remove(file_);
  ASSERT_EQ(mkfifo(file_.c_str(), 0600), 0);
  EXPECT_FALSE(AskBudget(directory_).now);
}

}  // namespace
}  // namespace rm
