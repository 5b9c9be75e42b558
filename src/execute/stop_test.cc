#include "execute/stop.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/win32_codes.h"
#include "fakes/stop_story.h"

namespace rm {
namespace {

using namespace test;
using namespace std::chrono_literals;
using ::testing::Contains;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;
using ::testing::StartsWith;

class StopTest : public StopStory {};

TEST_F(StopTest, NobodyToStopIsASingleHundredAndNoAct) {
  EXPECT_EQ(StopAll({}), kSuccess);
  EXPECT_THAT(machine_.acts(), IsEmpty());
  EXPECT_THAT(percents_, ElementsAre(100));
}

TEST_F(StopTest, WhatItAsksItsUserIsToldAndWaitedFor) {
  machine_.AsksItsUser("editor", "Save?");
  machine_.Leaves("editor", 20s);
  EXPECT_EQ(StopAll({Program("editor", 10)}), kSuccess);
  ASSERT_THAT(events_, SizeIs(3));
  EXPECT_EQ(events_[1].kind, EventKind::kWaitingForUser);
  EXPECT_EQ(events_[1].text, "Save?");
  EXPECT_EQ(StatusOf("editor"), kStatusStopped);
}

TEST_F(StopTest, AQuestionWithoutAnAnswerIsWhyItStays) {
  machine_.AsksItsUser("editor", "Save?");
  machine_.Ignores("editor");
  EXPECT_EQ(StopAll({Program("editor", 10)}), kFailShutdown);
  EXPECT_THAT(message_, HasSubstr("Save?"));
  EXPECT_EQ(StatusOf("editor"), kFailedAlive);
}

TEST_F(StopTest, TheHoldThenOneClassAfterTheOther) {
  EXPECT_EQ(StopAll({Service("nginx", 1), Service("db", 2), Returning("editor", 3),
                     Program("mail", 4, AppType::kMainWindow),
                     Program("desktop", 5, AppType::kExplorer)}),
            kSuccess);
  EXPECT_THAT(machine_.acts(),
              ElementsAre("hold nginx.service db.service",                           //
                          "ask mail", "wait", "forget",                              //
                          "queue editor", "ask to return editor", "wait", "forget",  //
                          "ask to return nginx.service", "ask to return db.service", "wait",
                          "forget",  //
                          "ask desktop", "wait", "forget"));
  for (const App& app : plan_.apps) EXPECT_EQ(app.status, kStatusStopped) << app.name;
}

TEST_F(StopTest, WhoWentDownWithAnotherIsOwedItsStartToo) {
  App db = Service("db", 1);
  db.goes_along = {Unit("web")};
  machine_.IsGoneAlready("web.service");
  EXPECT_EQ(StopAll({db, Service("web", 2)}), kSuccess);
  EXPECT_EQ(StatusOf("web"), kStatusStopped);
  EXPECT_EQ(OnDisk("web.service"), DebtState::kOwed);
}

TEST_F(StopTest, WithoutAGuardNothingIsHeldNorQueuedAndAllIsOwed) {
  context_.guard = false;
  EXPECT_EQ(StopAll({Service("nginx", 1), Returning("editor", 2)}), kSuccess);
  EXPECT_THAT(machine_.acts(), ElementsAre("keep editor", "ask editor", "wait", "forget",  //
                                           "ask nginx.service", "wait", "forget"));
  EXPECT_EQ(OnDisk("editor"), DebtState::kOwed);
  EXPECT_EQ(OnDisk("nginx"), DebtState::kOwed);
}

TEST_F(StopTest, WhoMayNotReturnIsAskedForGoodAndNothingIsHeld) {
  EXPECT_EQ(StopAll({Masked(Service("nginx", 1), kStatusRestartMasked)}), kSuccess);
  EXPECT_THAT(machine_.acts(), ElementsAre("ask nginx.service", "wait", "forget"));
  EXPECT_EQ(StatusOf("nginx"), kStatusStopped | kStatusRestartMasked);
}

TEST_F(StopTest, TheDebtIsOnDiskBeforeTheHoldAndOwedBeforeTheFirstAskOfItsClass) {
  machine_.on_act = [this](const std::string& act) {
    if (act.starts_with("hold") || act.starts_with("queue")) {
      EXPECT_EQ(OnDisk("editor"), DebtState::kPlanned) << act;
      EXPECT_EQ(OnDisk("nginx"), DebtState::kPlanned) << act;
    } else if (act == "ask to return editor") {
      EXPECT_EQ(OnDisk("editor"), DebtState::kOwed) << act;
      EXPECT_EQ(OnDisk("nginx"), DebtState::kPlanned) << act;
    } else if (act.starts_with("ask")) {
      EXPECT_EQ(OnDisk("nginx"), DebtState::kOwed) << act;
      EXPECT_EQ(OnDisk("web.service"), DebtState::kOwed) << act;
    }
  };
  App nginx = Service("nginx", 2);
  nginx.goes_along = {Unit("web")};
  EXPECT_EQ(StopAll({Returning("editor", 1), nginx}), kSuccess);
  EXPECT_THAT(AsksOnly(), ElementsAre("ask to return editor", "ask to return nginx.service"));
}

TEST_F(StopTest, HowAQueuedProgramIsStartedIsOnDiskBeforeItIsAsked) {
  machine_.on_act = [this](const std::string& act) {
    if (!act.starts_with("ask")) return;
    const auto debts = store_.Peek(context_.session.id).debts;
    ASSERT_THAT(debts, SizeIs(1));
    EXPECT_THAT(debts[0].relaunch_unit, StartsWith("relaunch-"));
    EXPECT_THAT(debts[0].spec_file, StartsWith("/store/"));
  };
  EXPECT_EQ(StopAll({Returning("editor", 1)}), kSuccess);
}

TEST_F(StopTest, NobodyIsAskedWhenTheDebtsCannotBeWrittenDown) {
  store_.FailNext("AddDebts", Error{kSemTimeout, "locked"});
  EXPECT_EQ(StopAll({Service("nginx", 1)}), kSemTimeout);
  EXPECT_THAT(machine_.acts(), IsEmpty());
  EXPECT_EQ(StatusOf("nginx"), kStatusRunning);
}

TEST_F(StopTest, NobodyOfAClassIsAskedWhenItsDebtsCannotBecomeOwed) {
  store_.FailNext("UpdateDebts", Error{kWriteFault, "disk full"});
  EXPECT_EQ(StopAll({Service("nginx", 1)}), kWriteFault);
  EXPECT_THAT(AsksOnly(), IsEmpty());
  EXPECT_EQ(OnDisk("nginx"), DebtState::kPlanned);
}

// An administrator's stop was under way: the service was started after the update.
TEST_F(StopTest, AServiceThatSomebodyElseIsStoppingIsWaitedForAndOwedNothing) {
  App db = Service("db", 1);
  db.goes_along = {Unit("quiet"), Unit("web")};
  machine_.IsLeaving("db.service", 5s);
  EXPECT_EQ(StopAll({db, Service("web", 2)}), kSuccess);
  EXPECT_THAT(machine_.acts(), Contains("let leave db.service"));
  EXPECT_EQ(machine_.elapsed(), 5s);
  EXPECT_EQ(StatusOf("db"), kStatusStoppedOther);
  EXPECT_EQ(OnDisk("db"), DebtState::kCancelled);
  EXPECT_EQ(OnDisk("quiet.service"), DebtState::kCancelled);
  EXPECT_EQ(StatusOf("web"), kStatusStopped);
  EXPECT_EQ(OnDisk("web.service"), DebtState::kOwed);
}

TEST_F(StopTest, OneThatSomebodyElseIsStoppingForTooLongIsInTheWayAndOwedNothing) {
  machine_.IsLeaving("db.service", FakeMachine::kNever);
  EXPECT_EQ(StopAll({Service("db", 1)}), kFailShutdown);
  EXPECT_THAT(message_, HasSubstr("it was stopping already, and is still at it"));
  EXPECT_EQ(machine_.elapsed(), context_.limits.service);
  EXPECT_EQ(StatusOf("db"), kFailedAlive);
  EXPECT_EQ(OnDisk("db"), DebtState::kCancelled);
}

// Its stop job is that of the service that we stop: it is told to come back as well.
TEST_F(StopTest, WhoIsLeavingWithAnotherThatWeStopIsOwedItsStart) {
  App db = Service("db", 1);
  db.goes_along = {Unit("web")};
  machine_.IsLeaving("web.service", 1s);
  EXPECT_EQ(StopAll({db, Service("web", 2)}), kSuccess);
  EXPECT_THAT(AsksOnly(), Contains("ask to return web.service"));
  EXPECT_EQ(StatusOf("web"), kStatusStopped);
  EXPECT_EQ(OnDisk("web.service"), DebtState::kOwed);
}

// Another session had asked it, and waited for it to leave.
TEST_F(StopTest, WhoLeavesLateBecauseOfAnotherSessionIsOwedItsStart) {
  machine_.late_returns = {"editor"};
  machine_.IsGoneAlready("editor");
  machine_.IsGoneAlready("player");
  EXPECT_EQ(StopAll({Returning("editor", 1), Returning("player", 2)}), kSuccess);
  EXPECT_EQ(OnDisk("editor"), DebtState::kOwed);
  EXPECT_EQ(StatusOf("editor"), kStatusStopped);
  EXPECT_EQ(OnDisk("player"), DebtState::kCancelled) << "it has ended by itself";
}

TEST_F(StopTest, NobodyIsAskedWhenTheHoldFails) {
  machine_.HoldFails();
  EXPECT_EQ(StopAll({Returning("editor", 1), Service("nginx", 2)}), kFailShutdown);
  EXPECT_THAT(message_, HasSubstr("nothing was stopped"));
  EXPECT_THAT(message_, HasSubstr("the guard does not start"));
  EXPECT_THAT(AsksOnly(), IsEmpty());
  EXPECT_EQ(OnDisk("editor"), DebtState::kCancelled);
  EXPECT_EQ(OnDisk("nginx"), DebtState::kCancelled);
  EXPECT_EQ(StatusOf("nginx"), kStatusRunning);
}

TEST_F(StopTest, NobodyOfAClassIsAskedWhenARestartCannotBeQueued) {
  machine_.CannotBeQueued("editor");
  EXPECT_EQ(StopAll({Program("player", 1), Returning("editor", 2)}), kFailShutdown);
  EXPECT_THAT(message_, HasSubstr("editor was not stopped"));
  EXPECT_THAT(AsksOnly(), IsEmpty());
}

TEST_F(StopTest, WhatWasQueuedForAClassThatIsNotAskedWasStartedBesideIt) {
  store_.FailNext("UpdateDebts", Error{kWriteFault, "disk full"});
  EXPECT_EQ(StopAll({Returning("editor", 1), Returning("player", 2)}), kWriteFault);
  EXPECT_THAT(machine_.acts(), ElementsAre("hold", "queue editor", "queue player",
                                           "cancel start editor", "cancel start player", "forget"));
}

TEST_F(StopTest, WhatWasQueuedBeforeOneThatCouldNotBeIsCancelled) {
  machine_.CannotBeQueued("player");
  EXPECT_EQ(StopAll({Returning("editor", 1), Returning("player", 2)}), kFailShutdown);
  EXPECT_THAT(machine_.acts(),
              ElementsAre("hold", "queue editor", "queue player", "cancel start editor", "forget"));
}

// Whatever call of the store fails: who was asked to return is owed a start on disk.
TEST_F(StopTest, AStoreThatFailsAtAnyCallLosesNothing) {
  for (size_t n = 1;; ++n) {
    FakeMachine machine;
    FakeStore store;
    context_.session = store.Start(Id(900))->record;
    context_.percent = {};
    context_.events = {};
    StopPlan plan = PlanStop({Returning("editor", 1), Service("nginx", 2)}, sources_, {});
    machine.on_act = [&](const std::string& act) {
      if (!act.starts_with("ask")) return;
      size_t owed = 0;
      const SessionState state = store.Peek(context_.session.id);
      for (const Debt& debt : state.debts) owed += debt.state == DebtState::kOwed;
      EXPECT_EQ(owed, act == "ask to return editor" ? 1u : 2u) << act << ", call " << n;
    };
    const size_t before = store.calls().size();
    store.FailCall(n, Error{kWriteFault, "disk full"});
    const auto stopped = Stop(plan, context_, machine, store);
    if (n > store.calls().size() - before) {
      EXPECT_TRUE(stopped);
      EXPECT_GT(n, 3u);
      return;
    }
    EXPECT_EQ(stopped ? 0 : stopped.error().code, kWriteFault) << "call " << n;
    EXPECT_EQ(plan.apps[1].status, kStatusRunning) << "call " << n;
  }
}

TEST_F(StopTest, WhoIsOwedSinceAnEarlierTryIsNotWrittenDownOrQueuedAgain) {
  plan_ = PlanStop({Returning("editor", 1), Service("nginx", 2)}, sources_, {});
  std::vector<Debt> earlier = {plan_.debts[0]};
  earlier[0].state = DebtState::kOwed;
  ASSERT_TRUE(store_.AddDebts(context_.session.id, earlier));
  plan_.debts[0] = earlier[0];
  ASSERT_TRUE(Stop(plan_, context_, machine_, store_));
  EXPECT_FALSE(machine_.Did("queue editor"));
  EXPECT_TRUE(machine_.Did("ask to return editor"));
  const SessionState state = store_.Peek(context_.session.id);
  ASSERT_THAT(state.debts, SizeIs(2));
  for (const Debt& debt : state.debts) EXPECT_EQ(debt.state, DebtState::kOwed) << debt.app_name;
}

// The first try asked it and gave up waiting. It left while the second one had others to ask: it
// was taken for somebody who went by itself, and never came back.
TEST_F(StopTest, WhoLeavesLateOnWhatAnEarlierTryAskedIsStillOwed) {
  plan_ = PlanStop({Returning("editor", 1), Service("nginx", 2)}, sources_, {});
  std::vector<Debt> earlier = plan_.debts;
  for (Debt& debt : earlier) debt.state = DebtState::kOwed;
  ASSERT_TRUE(store_.AddDebts(context_.session.id, earlier));
  plan_.debts = earlier;
  machine_.IsGoneAlready("editor");
  machine_.IsGoneAlready("nginx.service");
  ASSERT_TRUE(Stop(plan_, context_, machine_, store_));
  EXPECT_EQ(StatusOf("editor"), kStatusStopped);
  EXPECT_EQ(StatusOf("nginx"), kStatusStopped);
  EXPECT_EQ(OnDisk("editor"), DebtState::kOwed);
  EXPECT_EQ(OnDisk("nginx"), DebtState::kOwed);
}

TEST_F(StopTest, ManyAreAllAskedBeforeAnybodyIsWaitedFor) {
  std::vector<App> apps;
  for (pid_t pid = 1; pid <= 200; ++pid) {
    apps.push_back(Program("p" + std::to_string(pid), pid));
    machine_.Leaves(apps.back().name, Milliseconds(pid));
  }
  EXPECT_EQ(StopAll(apps), kSuccess);
  EXPECT_THAT(AsksOnly(), SizeIs(200));
  EXPECT_EQ(machine_.acts()[199], "ask p200");
  EXPECT_EQ(machine_.acts()[200], "wait");
  EXPECT_EQ(machine_.elapsed(), 200ms);
}

TEST_F(StopTest, ARefusalFailsItsClassAndLeavesTheLaterOnesAlone) {
  machine_.Refuses("editor", "it has unsaved work", 100ms);
  machine_.Leaves("player", 300ms);
  EXPECT_EQ(StopAll({Program("editor", 1), Returning("player", 2), Service("nginx", 3)}),
            kFailShutdown);
  EXPECT_EQ(message_, "editor could not be stopped: it has unsaved work");
  EXPECT_EQ(StatusOf("editor"), kFailedAlive);
  EXPECT_EQ(StatusOf("player"), kStatusStopped);
  EXPECT_EQ(StatusOf("nginx"), kStatusRunning);
  EXPECT_EQ(OnDisk("player"), DebtState::kOwed);
  EXPECT_EQ(OnDisk("nginx"), DebtState::kPlanned);
  EXPECT_THAT(machine_.acts(), Not(Contains("ask to return nginx.service")));
}

TEST_F(StopTest, WhoWentByItselfWasNotStoppedByUs) {
  machine_.IsGoneAlready("editor");
  EXPECT_EQ(StopAll({Program("editor", 1), Program("player", 2)}), kSuccess);
  EXPECT_EQ(StatusOf("editor"), kStatusStoppedOther);
  EXPECT_EQ(StatusOf("player"), kStatusStopped);
}

TEST_F(StopTest, WhoWentByItselfWasOwedAStart) {
  machine_.IsGoneAlready("editor");
  machine_.IsGoneAlready("nginx.service");
  EXPECT_EQ(StopAll({Returning("editor", 1), Service("nginx", 2)}), kSuccess);
  EXPECT_EQ(StatusOf("nginx"), kStatusStoppedOther);
  EXPECT_EQ(OnDisk("nginx"), DebtState::kCancelled);
  EXPECT_EQ(OnDisk("editor"), DebtState::kCancelled);
  EXPECT_TRUE(machine_.Did("cancel start editor"));
}

TEST_F(StopTest, WhoCannotBeAskedFailsAndTheOthersOfTheClassStillLeave) {
  machine_.CannotBeAsked("editor");
  EXPECT_EQ(StopAll({Program("editor", 1), Program("player", 2)}), kFailShutdown);
  EXPECT_EQ(StatusOf("editor"), kFailedAlive);
  EXPECT_EQ(StatusOf("player"), kStatusStopped);
}

TEST_F(StopTest, AllWhoFailedAreNamed) {
  machine_.CannotBeAsked("editor");
  machine_.Ignores("player");
  EXPECT_EQ(StopAll({Program("editor", 1), Program("player", 2)}), kFailShutdown);
  EXPECT_EQ(message_, "editor, player could not be stopped: editor cannot be reached");
}

// --- limits and force
// ------------------------------------------------------------------------------

TEST_F(StopTest, AProgramHasThirtySecondsAndIsNotKilledWithoutForce) {
  machine_.Ignores("editor");
  EXPECT_EQ(StopAll({Program("editor", 1)}), kFailShutdown);
  EXPECT_EQ(machine_.elapsed(), 30s);
  EXPECT_FALSE(machine_.Did("kill editor"));
  EXPECT_EQ(StatusOf("editor"), kFailedAlive);
}

TEST_F(StopTest, AServiceHasTwentySeconds) {
  machine_.Ignores("nginx.service");
  EXPECT_EQ(StopAll({Service("nginx", 1)}), kFailShutdown);
  EXPECT_EQ(machine_.elapsed(), 20s);
}

TEST_F(StopTest, WhoLeavesAtTheLastMomentHasLeft) {
  machine_.Leaves("editor", 30s);
  EXPECT_EQ(StopAll({Program("editor", 1)}), kSuccess);
  EXPECT_EQ(StatusOf("editor"), kStatusStopped);
}

TEST_F(StopTest, ForceKillsWhoIsStillThereAtTheLimit) {
  context_.force = true;
  machine_.Ignores("editor");
  machine_.Leaves("player", 1s);
  EXPECT_EQ(StopAll({Program("editor", 1), Program("player", 2)}), kSuccess);
  EXPECT_EQ(machine_.elapsed(), 30s);
  EXPECT_THAT(machine_.acts(), ElementsAre("ask editor", "ask player", "wait", "wait",
                                           "kill editor", "wait", "forget"));
  EXPECT_EQ(StatusOf("editor"), kStatusStopped);
}

TEST_F(StopTest, WhoSurvivesBeingKilledIsWaitedForALittle) {
  context_.force = true;
  machine_.Ignores("editor");
  machine_.SurvivesKill("editor");
  EXPECT_EQ(StopAll({Program("editor", 1)}), kFailShutdown);
  EXPECT_EQ(machine_.elapsed(), 35s);
  EXPECT_THAT(message_, HasSubstr("still there after it was killed"));
}

TEST_F(StopTest, WhoCouldNotBeKilledWasNamedTwice) {
  context_.force = true;
  machine_.Ignores("editor");
  machine_.CannotBeKilled("editor");
  EXPECT_EQ(StopAll({Program("editor", 1)}), kFailShutdown);
  EXPECT_EQ(message_, "editor could not be stopped: editor cannot be killed");
  EXPECT_EQ(machine_.elapsed(), 30s);
}

// --- cancelling
// --------------------------------------------------------------------------------------

TEST_F(StopTest, CancelledAtTheFirstProgressCallNothingHappens) {
  context_.percent = [this](unsigned) { cancel_.request_stop(); };
  EXPECT_EQ(StopAll({Service("nginx", 1)}), kCancelled);
  EXPECT_THAT(machine_.acts(), IsEmpty());
  EXPECT_EQ(OnDisk("nginx"), std::nullopt);
}

TEST_F(StopTest, CancelledBetweenTwoAsksTheSecondHearsNothing) {
  machine_.on_act = [this](const std::string& act) {
    if (act == "ask editor") cancel_.request_stop();
  };
  EXPECT_EQ(StopAll({Program("editor", 1), Program("player", 2)}), kCancelled);
  EXPECT_THAT(machine_.acts(), ElementsAre("ask editor", "forget"));
}

TEST_F(StopTest, CancelledWhileWaitingWhoIsGoneIsStoppedAndTheRestGoesOn) {
  machine_.Leaves("player", 100ms);
  machine_.Leaves("editor", 1s);
  machine_.At(500ms, [this] { cancel_.request_stop(); });
  EXPECT_EQ(StopAll({Program("editor", 1), Returning("player", 2), Service("nginx", 3)}),
            kCancelled);
  EXPECT_EQ(machine_.elapsed(), 500ms);
  EXPECT_EQ(StatusOf("editor"), kStatusRunning);
  EXPECT_EQ(StatusOf("player"), kStatusStopped);
  EXPECT_EQ(StatusOf("nginx"), kStatusRunning);
  EXPECT_EQ(OnDisk("player"), DebtState::kOwed);
  EXPECT_EQ(machine_.acts().back(), "forget");
  EXPECT_FALSE(machine_.Did("ask to return nginx.service"));
}

TEST_F(StopTest, CancelledBeforeTheLimitNobodyIsKilled) {
  context_.force = true;
  machine_.Ignores("editor");
  machine_.At(29s, [this] { cancel_.request_stop(); });
  EXPECT_EQ(StopAll({Program("editor", 1)}), kCancelled);
  EXPECT_FALSE(machine_.Did("kill editor"));
}

// --- what is told
// ------------------------------------------------------------------------------------

TEST_F(StopTest, ProgressRisesWithEveryoneWhoIsGone) {
  machine_.Leaves("a", 1s);
  machine_.Leaves("b", 2s);
  EXPECT_EQ(StopAll({Program("a", 1), Program("b", 2), Service("nginx", 3)}), kSuccess);
  EXPECT_THAT(percents_, ElementsAre(0, 33, 66, 100));
}

TEST_F(StopTest, AFailureNeverTellsAHundred) {
  machine_.Ignores("b");
  EXPECT_EQ(StopAll({Program("a", 1), Program("b", 2)}), kFailShutdown);
  EXPECT_THAT(percents_, ElementsAre(0, 50));
}

TEST_F(StopTest, EventsTellTheStory) {
  context_.force = true;
  machine_.Ignores("editor");
  machine_.Refuses("player", "busy");
  EXPECT_EQ(StopAll({Program("editor", 1), Program("player", 2), Service("nginx", 3)}),
            kFailShutdown);
  std::vector<std::pair<EventKind, std::string>> told;
  for (const Event& event : events_) told.emplace_back(event.kind, event.name);
  using enum EventKind;
  EXPECT_THAT(told, ElementsAre(std::pair{kHold, ""}, std::pair{kStopping, "editor"},
                                std::pair{kStopping, "player"}, std::pair{kStopFailed, "player"},
                                std::pair{kKilling, "editor"}, std::pair{kStopped, "editor"}));
  EXPECT_EQ(events_[3].text, "busy");
  EXPECT_EQ(events_[1].process, Id(1));
}

}  // namespace
}  // namespace rm
