// What has come of it for each owner, once RmRestart has looked again.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fakes/session_fixture.h"
#include "session/status.h"

namespace rm {
namespace {

using namespace test;
using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::UnorderedElementsAre;

constexpr Outcome kAll[] = {Outcome::kNone,   Outcome::kCured,   Outcome::kLeftOver,
                            Outcome::kFailed, Outcome::kRefused, Outcome::kDeferred};

App With(App app, uint32_t status, bool previous_content = false) {
  app.status = status;
  app.holdings = {Holding{app.main, HoldKind::kDescriptor, 0, 3, previous_content}};
  return app;
}

std::vector<Outcome> Judged(std::vector<App> seen, const std::vector<App>& before = {}) {
  JudgeOutcomes(seen, before);
  std::vector<Outcome> outcomes;
  for (const App& app : seen) outcomes.push_back(app.outcome);
  return outcomes;
}

TEST(JudgeOutcomesTest, WhoIsBackWithoutTheContentOfBeforeIsCured) {
  EXPECT_THAT(Judged({With(Service("nginx", 2), kStatusRunning),
                      With(Service("nginx", 1), kStatusStopped | kStatusRestarted)}),
              ElementsAre(Outcome::kNone, Outcome::kCured));
}

TEST(JudgeOutcomesTest, WhoIsBackWithItIsLeftOver) {
  EXPECT_THAT(Judged({With(Service("nginx", 2), kStatusRunning, true),
                      With(Service("nginx", 1), kStatusStopped | kStatusRestarted)}),
              ElementsAre(Outcome::kLeftOver, Outcome::kLeftOver));
}

TEST(JudgeOutcomesTest, WhatItHadBeforeItWasStoppedIsOver) {
  EXPECT_THAT(Judged({With(Program("editor", 1), kStatusStopped | kStatusRestarted, true)}),
              ElementsAre(Outcome::kCured));
}

TEST(JudgeOutcomesTest, WhoIsDownFailedUnlessAFilterSaysSoOrSomebodyElseEndedIt) {
  App worker = With(Program("worker", 4), kStatusStopped);
  worker.come_back = ComeBack::kWithParent;
  EXPECT_THAT(Judged({With(Program("a", 1), kStatusStopped),
                      With(Program("b", 2), kStatusStopped | kStatusErrorOnRestart),
                      With(Program("c", 3), kStatusStopped | kStatusRestartMasked), worker,
                      With(Program("e", 5), kStatusStoppedOther)}),
              ElementsAre(Outcome::kFailed, Outcome::kFailed, Outcome::kDeferred, Outcome::kCured,
                          Outcome::kCured));
}

TEST(JudgeOutcomesTest, WhoStayedRefusedOrWasLetAloneOrCameLater) {
  const std::vector<App> before{With(Program("b", 2), kStatusRunning | kStatusShutdownMasked),
                                With(Program("c", 3), kStatusRunning | kStatusShutdownMasked)};
  EXPECT_THAT(
      Judged({With(Program("a", 1), kStatusRunning | kStatusErrorOnStop),
              With(Program("b", 2), kStatusRunning, true), With(Program("c", 3), kStatusRunning),
              With(Program("d", 4), kStatusRunning | kStatusShutdownMasked, true)},
             before),
      ElementsAre(Outcome::kRefused, Outcome::kDeferred, Outcome::kNone, Outcome::kLeftOver));
}

class OutcomesTest : public SessionTest {
 protected:
  // "editor 1"
  std::vector<std::string> Stored() {
    std::vector<std::string> lines;
    for (const App& app : store_->Peek(record_.id).seen)
      for (const Outcome outcome : kAll)
        if (app.outcome == outcome)
          lines.push_back(app.name + " " + std::to_string(static_cast<int>(outcome)));
    return lines;
  }
};

TEST_F(OutcomesTest, TheStoreKnowsThemAfterTheRestart) {
  AddProgram(seen(), "editor", 50);
  RegisterForRestart(seen(), 50);
  AddProgram(seen(), "player", 52);
  machine_->Refuses("player", "it has unsaved work", 1s);
  EXPECT_EQ(Shutdown(), kFailShutdown);
  EXPECT_THAT(Stored(), UnorderedElementsAre("editor 0", "player 0"));
  EXPECT_EQ(Restart(), kSuccess);
  EXPECT_THAT(Stored(), UnorderedElementsAre("editor 1", "player 4"));
}

TEST_F(OutcomesTest, WhoStillHasTheContentOfBeforeIsFoundByWhoeverAsksLater) {
  AddService(seen(), "nginx", 53);
  EXPECT_EQ(Shutdown(), kSuccess);
  EXPECT_EQ(Restart(), kSuccess);
  EXPECT_THAT(Stored(), ElementsAre("program-of-nginx.service 1"));
  AddProgram(seen(), "late", 60);
  seen().holdings.back().previous_content = true;
  ASSERT_TRUE(session_.List(false));
  EXPECT_THAT(Stored(), UnorderedElementsAre("program-of-nginx.service 1", "late 2"));
}

TEST_F(OutcomesTest, WhoCannotBeBroughtBackAsItWasIsLetAloneUnlessItIsAskedFor) {
  AddProgram(seen(), "editor", 50);
  Capture(seen(), 50);
  seen().captured[Id(50)].cannot_restore = {"it has a pipe as its input"};
  session_.SetOption([](SessionOptions& options) { options.relaunch = true; });
  EXPECT_EQ(Shutdown(), kSuccess);
  EXPECT_FALSE(machine_->Did("ask editor"));
  seen().holdings.back().previous_content = true;
  EXPECT_EQ(Restart(), kSuccess);
  EXPECT_THAT(Stored(), ElementsAre("editor 5"));
  // As a script does whose next step was told nothing of it.
  session_.SetOption([](SessionOptions& options) { options.relaunch = false; });
  ASSERT_TRUE(session_.List(false));
  EXPECT_THAT(Stored(), ElementsAre("editor 5"));
  EXPECT_EQ(Shutdown(), kSuccess);
  EXPECT_TRUE(machine_->Did("ask editor"));

  AddProgram(seen(), "player", 51);
  Capture(seen(), 51);
  seen().captured[Id(51)].cannot_restore = {"it has a pipe as its input"};
  session_.SetOption([](SessionOptions& options) { options.relaunch = true; });
  ASSERT_TRUE(session_.Register({}, {Id(51)}, {}));
  EXPECT_EQ(Shutdown(), kSuccess);
  EXPECT_TRUE(machine_->Did("ask player"));
}

TEST_F(OutcomesTest, ThatItCannotBeFoundOutIsNoFailureOfTheRestart) {
  AddService(seen(), "nginx", 53);
  EXPECT_EQ(Shutdown(), kSuccess);
  machine_->ObserveFails();
  EXPECT_EQ(Restart(), kSuccess);
  EXPECT_THAT(Stored(), ElementsAre("program-of-nginx.service 0"));
}

}  // namespace
}  // namespace rm
