// What happens between the question and the end? Stories of programs that may refuse.
#include "execute/ask_first.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/win32_codes.h"
#include "fakes/stop_story.h"

namespace rm {
namespace {

using namespace test;
using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class AskFirstTest : public StopStory {};

TEST_F(AskFirstTest, AllAreAskedBeforeAnybodyIsToldAndWhoCannotAnswerHearsNothingBefore) {
  machine_.Agrees("mail", 2s);
  EXPECT_EQ(StopAll({Answering(Program("editor", 1)), Program("player", 2),
                     Answering(Program("mail", 3))}),
            kSuccess);
  EXPECT_THAT(machine_.acts(),
              ElementsAre("query editor", "query mail", "listen", "listen", "end editor",
                          "ask player", "end mail", "wait", "forget"));
  EXPECT_EQ(machine_.elapsed(), 2s);
  EXPECT_EQ(StatusOf("mail"), kStatusStopped);
}

TEST_F(AskFirstTest, OneRefusesAndBothStayAndAreTold) {
  machine_.Declines("editor", "unsaved work", 100ms);
  machine_.Agrees("mail", 1s);
  EXPECT_EQ(StopAll({Returning(Answering(Program("mail", 1))), Answering(Program("editor", 2)),
                     Program("player", 3), Service("nginx", 4)}),
            kFailShutdown);
  EXPECT_EQ(message_, "editor could not be stopped: it refuses to leave: unsaved work");
  EXPECT_EQ(machine_.elapsed(), 100ms);
  EXPECT_THAT(machine_.acts(), ElementsAre("hold nginx.service", "queue mail", "query mail",
                                           "query editor", "listen", "call off mail",
                                           "call off editor", "cancel start mail", "forget"));
  EXPECT_EQ(StatusOf("editor"), kFailedAlive);
  for (const char* other : {"mail", "player", "nginx"})
    EXPECT_EQ(StatusOf(other), kStatusRunning) << other;
  EXPECT_EQ(OnDisk("mail"), DebtState::kPlanned);
}

TEST_F(AskFirstTest, WhoIsSilentForFiveSecondsIsAgainstIt) {
  machine_.IsSilent("editor");
  EXPECT_EQ(StopAll({Answering(Program("editor", 1)), Answering(Program("mail", 2))}),
            kFailShutdown);
  EXPECT_EQ(machine_.elapsed(), 5s);
  EXPECT_EQ(message_, "editor could not be stopped: it does not answer");
  EXPECT_EQ(StatusOf("editor"), kFailedAlive);
  EXPECT_EQ(StatusOf("mail"), kStatusRunning);
  EXPECT_TRUE(machine_.Did("call off mail"));
}

TEST_F(AskFirstTest, AnswerAtTheLastMomentCounts) {
  machine_.Agrees("editor", 5s);
  EXPECT_EQ(StopAll({Answering(Program("editor", 1))}), kSuccess);
}

TEST_F(AskFirstTest, WhoLeavesWhenItIsAskedWasStoppedAndIsOwedAStart) {
  machine_.LeavesWhenQueried("editor", 1s);
  EXPECT_EQ(StopAll({Returning(Answering(Program("editor", 1))), Program("player", 2)}), kSuccess);
  EXPECT_EQ(StatusOf("editor"), kStatusStopped);
  EXPECT_EQ(OnDisk("editor"), DebtState::kOwed);
  EXPECT_FALSE(machine_.Did("end to return editor"));
}

TEST_F(AskFirstTest, WhoLeftBeforeAnotherRefusedIsStillOwedItsStart) {
  machine_.LeavesWhenQueried("editor");
  machine_.Declines("mail", "", 1s);
  EXPECT_EQ(StopAll({Returning(Answering(Program("editor", 1))),
                     Returning(Answering(Program("mail", 2)))}),
            kFailShutdown);
  EXPECT_EQ(message_, "mail could not be stopped: it refuses to leave");
  EXPECT_EQ(StatusOf("editor"), kStatusStopped);
  EXPECT_EQ(OnDisk("editor"), DebtState::kOwed);
  EXPECT_EQ(OnDisk("mail"), DebtState::kPlanned);
  EXPECT_FALSE(machine_.Did("cancel start editor"));
}

TEST_F(AskFirstTest, ForceOverrulesARefusalAndEndsItThirtySecondsAfterTheQuestion) {
  context_.force = true;
  machine_.Declines("editor", "unsaved work");
  machine_.Ignores("editor");
  machine_.IsSilent("mail");
  machine_.Ignores("player");
  EXPECT_EQ(StopAll({Answering(Program("editor", 1)), Answering(Program("mail", 2)),
                     Program("player", 3)}),
            kSuccess);
  EXPECT_EQ(machine_.elapsed(), 35s);  // of which player has had its own 30
  EXPECT_THAT(machine_.acts(),
              ElementsAre("query editor", "query mail", "listen", "listen", "end editor",
                          "end mail", "ask player", "wait", "wait", "kill editor", "wait", "wait",
                          "kill player", "wait", "forget"));
  EXPECT_EQ(StatusOf("editor"), kStatusStopped);
}

TEST_F(AskFirstTest, WithForceWhoWasOverruledMayLeaveByItself) {
  context_.force = true;
  machine_.Declines("editor", "unsaved work");
  machine_.Leaves("editor", 20s);
  EXPECT_EQ(StopAll({Answering(Program("editor", 1))}), kSuccess);
  EXPECT_EQ(machine_.elapsed(), 20s);
  EXPECT_FALSE(machine_.Did("kill editor"));
}

TEST_F(AskFirstTest, CancelledBetweenTheQuestionAndTheEndAllAreTold) {
  machine_.Agrees("editor", 100ms);
  machine_.IsSilent("mail");
  machine_.At(1s, [this] { cancel_.request_stop(); });
  EXPECT_EQ(StopAll({Returning(Answering(Program("editor", 1))), Answering(Program("mail", 2))}),
            kCancelled);
  EXPECT_EQ(machine_.elapsed(), 1s);
  EXPECT_TRUE(machine_.Did("call off editor"));
  EXPECT_TRUE(machine_.Did("call off mail"));
  EXPECT_FALSE(machine_.Did("end to return editor"));
  EXPECT_EQ(StatusOf("editor"), kStatusRunning);
  EXPECT_EQ(StatusOf("mail"), kStatusRunning);
  EXPECT_EQ(OnDisk("editor"), DebtState::kPlanned);
}

TEST_F(AskFirstTest, WhoDoesNotAnswerAnyMoreIsAskedBySignal) {
  machine_.DoesNotAnswerAnyMore("editor");
  EXPECT_EQ(StopAll({Answering(Program("editor", 1))}), kSuccess);
  EXPECT_THAT(machine_.acts(), ElementsAre("query editor", "ask editor", "wait", "forget"));
}

TEST_F(AskFirstTest, WhatHasLeftBeforeTheRefusingClassStaysStopped) {
  machine_.Declines("tool", "busy");
  EXPECT_EQ(StopAll({Returning(Program("editor", 1, AppType::kMainWindow)),
                     Answering(Program("tool", 2)), Service("nginx", 3)}),
            kFailShutdown);
  EXPECT_EQ(StatusOf("editor"), kStatusStopped);
  EXPECT_EQ(OnDisk("editor"), DebtState::kOwed);
  EXPECT_EQ(StatusOf("nginx"), kStatusRunning);
}

TEST_F(AskFirstTest, WhoIsOwedSinceAnEarlierTryIsOwedAlsoAfterARefusal) {
  plan_ = PlanStop({Returning(Answering(Program("editor", 1)))}, sources_, {});
  std::vector<Debt> earlier = plan_.debts;
  earlier[0].state = DebtState::kOwed;
  ASSERT_TRUE(store_.AddDebts(context_.session.id, earlier));
  plan_.debts = earlier;
  machine_.Declines("editor", "");
  ASSERT_FALSE(Stop(plan_, context_, machine_, store_));
  EXPECT_EQ(OnDisk("editor"), DebtState::kOwed);
}

}  // namespace
}  // namespace rm
