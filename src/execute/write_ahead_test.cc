// Does a debt know the run of the unit that was stopped? Who pays for a dead installer goes by it.
#include "execute/write_ahead.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/win32_codes.h"
#include "fakes/stop_story.h"

namespace rm {
namespace {

using namespace test;
using ::testing::SizeIs;

class StoppedRunTest : public StopStory {};

TEST_F(StoppedRunTest, WhichRunIsStoppedIsOnDiskBeforeItIsAsked) {
  App nginx = Service("nginx", 1);
  nginx.goes_along = {Unit("web")};
  machine_.runs = {{"nginx.service", "first"}, {"web.service", "of the web"}};
  machine_.on_act = [this](const std::string& act) {
    if (!act.starts_with("ask")) return;
    EXPECT_EQ(RunOnDisk("nginx"), "first");
    EXPECT_EQ(RunOnDisk("web.service"), "of the web");
  };
  EXPECT_EQ(StopAll({nginx}), kSuccess);
  EXPECT_THAT(AsksOnly(), SizeIs(1));
}

// It had crashed, and its service manager had started it anew: who pays later would have taken that
// run for one after the stop.
TEST_F(StoppedRunTest, OneThatStartsAnewBeforeItHearsOfTheStopIsStoppedInThatRun) {
  machine_.runs = {{"nginx.service", "first"}};
  machine_.on_act = [this](const std::string& act) {
    if (act.starts_with("ask")) machine_.runs = {{"nginx.service", "second"}};
  };
  EXPECT_EQ(StopAll({Service("nginx", 1)}), kSuccess);
  EXPECT_EQ(RunOnDisk("nginx"), "second");
}

TEST_F(StoppedRunTest, WhatIsForgottenOnceItIsDownWasStoppedInTheRunThatWasKnown) {
  machine_.runs = {{"nginx.service", "first"}};
  machine_.on_act = [this](const std::string& act) {
    if (act.starts_with("ask")) machine_.runs.clear();
  };
  EXPECT_EQ(StopAll({Service("nginx", 1)}), kSuccess);
  EXPECT_EQ(RunOnDisk("nginx"), "first");
}

// It was owed its start by the first try, and has run since: the guard was killed.
TEST_F(StoppedRunTest, OneThatIsStoppedOnceMoreIsStoppedInItsNewRun) {
  machine_.runs = {{"nginx.service", "first"}};
  EXPECT_EQ(StopAll({Service("nginx", 1)}), kSuccess);
  machine_.runs = {{"nginx.service", "second"}};
  auto again = PlanStop({Service("nginx", 2)}, sources_, {});
  again.debts = plan_.debts;
  machine_.on_act = [this](const std::string& act) {
    if (act.starts_with("ask")) {
      EXPECT_EQ(RunOnDisk("nginx"), "second");
    }
  };
  EXPECT_TRUE(Stop(again, context_, machine_, store_));
  EXPECT_EQ(AsksOnly().size(), 2u);
}

}  // namespace
}  // namespace rm
