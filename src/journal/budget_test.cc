#include "journal/budget.h"

#include <gtest/gtest.h>
#include <stdlib.h>

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

}  // namespace
}  // namespace rm
