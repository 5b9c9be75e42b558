#include "execute/progress.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

namespace rm {
namespace {

using ::testing::ElementsAre;
using ::testing::Le;
using ::testing::SizeIs;

class ProgressTest : public ::testing::Test {
 protected:
  Progress Of(size_t total) {
    return Progress(total, [this](unsigned percent) { told_.push_back(percent); });
  }
  std::vector<unsigned> told_;
};

TEST_F(ProgressTest, NothingToDoIsASingleHundred) {
  Progress progress = Of(0);
  progress.Begin();
  progress.End();
  EXPECT_THAT(told_, ElementsAre(100));
}

TEST_F(ProgressTest, AShareOfWhatIsDone) {
  Progress progress = Of(3);
  progress.Begin();
  progress.Done();
  progress.Done();
  EXPECT_EQ(progress.percent(), 66u);
  progress.End();
  EXPECT_THAT(told_, ElementsAre(0, 33, 66, 100));
}

TEST_F(ProgressTest, NoValueTwiceAndNeverBack) {
  Progress progress = Of(1000);
  progress.Begin();
  for (int i = 0; i < 1000; ++i) progress.Done();
  progress.End();
  EXPECT_THAT(told_, SizeIs(101));
  for (size_t i = 1; i < told_.size(); ++i) EXPECT_GT(told_[i], told_[i - 1]);
}

TEST_F(ProgressTest, AHundredIsToldOnce) {
  Progress progress = Of(2);
  progress.Begin();
  progress.Done(5);
  EXPECT_EQ(told_.back(), 100u);
  progress.End();
  progress.End();
  EXPECT_THAT(told_, ElementsAre(0, 100));
}

TEST_F(ProgressTest, NobodyHasToListen) {
  Progress progress(1, {});
  progress.Begin();
  progress.Done();
  progress.End();
  EXPECT_EQ(progress.percent(), 100u);
}

}  // namespace
}  // namespace rm
