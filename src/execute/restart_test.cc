#include "execute/restart.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/win32_codes.h"
#include "fakes/fake_machine.h"
#include "fakes/fake_store.h"
#include "fakes/small_world.h"

namespace rm {
namespace {

using namespace test;
using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr uint32_t kBack = kStatusStopped | kStatusRestarted;
constexpr uint32_t kStillDown = kStatusStopped | kStatusErrorOnRestart;

class RestartTest : public ::testing::Test {
 protected:
  RestartTest() {
    context_.session = store_.Start(Id(900))->record;
    context_.percent = [this](unsigned percent) { percents_.push_back(percent); };
    context_.events = [this](const Event& event) { events_.push_back(event); };
    context_.cancel = cancel_.get_token();
  }

  // What a stop has left behind: the app is gone and owed.
  void Stopped(App app, DebtState state = DebtState::kOwed) {
    machine_.Dies(app.main);
    app.status = (app.status & ~uint32_t{kStatusRunning}) | kStatusStopped;
    Owed(std::move(app), state);
  }

  // It was asked, and still runs.
  void AskedInVain(App app) {
    app.status = kStatusRunning | kStatusErrorOnStop;
    Owed(std::move(app), DebtState::kOwed);
  }

  void Owed(App app, DebtState state) {
    Debt debt;
    debt.app_name = app.name;
    debt.state = state;
    if (app.unit)
      debt.unit = app.unit;
    else
      debt.process = RelaunchSpec{.was = app.main};
    if (!app.unit) debt.relaunch_unit = "relaunch.service";
    apps_.push_back(std::move(app));
    std::vector<Debt> one = {debt};
    ASSERT_TRUE(store_.AddDebts(context_.session.id, one));
    debts_.push_back(one[0]);
  }

  uint32_t RestartAll() {
    machine_.ForgetActs();
    percents_.clear();
    auto restarted = Restart(debts_, apps_, context_, machine_, store_);
    message_ = restarted ? "" : restarted.error().message;
    return restarted ? kSuccess : restarted.error().code;
  }

  std::vector<DebtState> OnDisk() {
    const SessionState state = store_.Peek(context_.session.id);
    std::vector<DebtState> states;
    for (const Debt& debt : state.debts) states.push_back(debt.state);
    return states;
  }

  std::vector<std::pair<EventKind, std::string>> Told() const {
    std::vector<std::pair<EventKind, std::string>> told;
    for (const Event& event : events_) told.emplace_back(event.kind, event.name);
    return told;
  }

  FakeMachine machine_;
  FakeStore store_;
  std::stop_source cancel_;
  StopContext context_;
  std::vector<Debt> debts_;
  std::vector<App> apps_;
  std::string message_;
  std::vector<unsigned> percents_;
  std::vector<Event> events_;
};

TEST_F(RestartTest, NothingOwedIsASingleHundred) {
  EXPECT_EQ(RestartAll(), kSuccess);
  EXPECT_THAT(percents_, ElementsAre(100));
  EXPECT_FALSE(machine_.Did("start"));
}

TEST_F(RestartTest, TheHoldEndsThenWhatWaitsIsStartedAndVerified) {
  Stopped(Service("nginx", 1));
  Stopped(Program("editor", 2));
  machine_.ComesBack("nginx.service", 3s);
  EXPECT_EQ(RestartAll(), kSuccess);
  EXPECT_THAT(machine_.acts(), ElementsAre("release", "start nginx.service", "start editor"));
  EXPECT_EQ(machine_.elapsed(), 3s);
  EXPECT_EQ(apps_[0].status, kBack);
  EXPECT_EQ(apps_[1].status, kBack);
  EXPECT_THAT(OnDisk(), ElementsAre(DebtState::kPaid, DebtState::kPaid));
  EXPECT_THAT(percents_, ElementsAre(0, 50, 100));
}

TEST_F(RestartTest, TheShellThenServicesThenConsolesThenWindows) {
  Stopped(Program("editor", 1, AppType::kMainWindow));
  Stopped(Program("player", 2, AppType::kOtherWindow));
  Stopped(Program("compiler", 3));
  Stopped(Service("nginx", 4));
  App shell = Service("shell", 5);
  shell.type = AppType::kExplorer;
  Stopped(std::move(shell));
  EXPECT_EQ(RestartAll(), kSuccess);
  EXPECT_THAT(machine_.acts(), ElementsAre("release", "start shell.service", "start nginx.service",
                                           "start compiler", "start editor", "start player"));
}

TEST_F(RestartTest, WhatIsPaidIsNotStartedAgain) {
  Stopped(Service("nginx", 1));
  EXPECT_EQ(RestartAll(), kSuccess);
  EXPECT_EQ(RestartAll(), kSuccess);
  EXPECT_FALSE(machine_.Did("start nginx.service"));
  EXPECT_EQ(apps_[0].status, kBack);
}

TEST_F(RestartTest, WithoutAServiceManagerAProgramIsPaidAtOnce) {
  Stopped(Program("editor", 1));
  debts_[0].relaunch_unit.clear();
  machine_.FailsToStart("editor", "nobody waits for this");
  EXPECT_EQ(RestartAll(), kSuccess);
  EXPECT_EQ(apps_[0].status, kBack);
}

TEST_F(RestartTest, AFailureStaysOwedTheOthersComeBackAndASecondTryPays) {
  Stopped(Service("nginx", 1));
  Stopped(Service("db", 2));
  machine_.FailsToStart("nginx.service", "exit status 1");
  EXPECT_EQ(RestartAll(), kFailRestart);
  EXPECT_EQ(message_, "nginx.service did not come back: exit status 1");
  EXPECT_EQ(apps_[0].status, kStillDown);
  EXPECT_EQ(apps_[1].status, kBack);
  EXPECT_THAT(OnDisk(), ElementsAre(DebtState::kFailed, DebtState::kPaid));
  EXPECT_THAT(percents_, ElementsAre(0, 50));

  machine_.StartsFine("nginx.service");
  EXPECT_EQ(RestartAll(), kSuccess);
  EXPECT_THAT(machine_.acts(), ElementsAre("release", "start nginx.service"));
  EXPECT_EQ(apps_[0].status, kBack);
  EXPECT_THAT(OnDisk(), ElementsAre(DebtState::kPaid, DebtState::kPaid));
}

// Else whoever tries again would take it for a start by somebody else.
TEST_F(RestartTest, WhichRunDidNotPayIsWrittenDown) {
  Stopped(Service("nginx", 1));
  machine_.runs = {{"nginx.service", "the one that failed"}};
  machine_.FailsToStart("nginx.service", "exit status 1");
  EXPECT_EQ(RestartAll(), kFailRestart);
  EXPECT_EQ(store_.Peek(context_.session.id).debts.at(0).stopped_run, "the one that failed");
}

// PID 1 had started it, and it had crashed. Its failure is forgotten before it is started once
// more; when that was refused it looked like one that somebody had stopped.
TEST_F(RestartTest, TheRunBeforeTheStartIsWrittenDownBeforeIt) {
  Stopped(Service("nginx", 1));
  AddInactive(machine_.observation, "nginx").active_state = "failed";
  machine_.runs = {{"nginx.service", "the one that crashed"}};
  machine_.on_act = [this](const std::string&) {
    EXPECT_EQ(store_.Peek(context_.session.id).debts.at(0).stopped_run, "the one that crashed");
  };
  EXPECT_EQ(RestartAll(), kSuccess);
  EXPECT_EQ(machine_.acts().size(), 2u);
}

// The next session waits for a second only. It came up later, and was stopped by its administrator.
TEST_F(RestartTest, ARunThatMayStillPayIsNotTakenForOneThatDidNot) {
  Stopped(Service("nginx", 1));
  AddInactive(machine_.observation, "nginx").active_state = "activating";
  machine_.runs = {{"nginx.service", "the one that is on its way"}};
  machine_.ComesBack("nginx.service", 121s);
  EXPECT_EQ(RestartAll(), kFailRestart);
  EXPECT_EQ(store_.Peek(context_.session.id).debts.at(0).stopped_run, "");
}

TEST_F(RestartTest, AStartThatIsRefusedFailsOnlyThatOne) {
  Stopped(Service("nginx", 1));
  Stopped(Service("db", 2));
  machine_.CannotBeStarted("nginx.service");
  EXPECT_EQ(RestartAll(), kFailRestart);
  EXPECT_THAT(message_, HasSubstr("nginx.service cannot be started"));
  EXPECT_EQ(apps_[0].status, kStillDown);
  EXPECT_EQ(apps_[1].status, kBack);
}

TEST_F(RestartTest, WhoIsNotBackAtTheLimitHasFailed) {
  Stopped(Service("nginx", 1));
  machine_.ComesBack("nginx.service", 121s);
  EXPECT_EQ(RestartAll(), kFailRestart);
  EXPECT_EQ(machine_.elapsed(), 120s);
  EXPECT_THAT(message_, HasSubstr("not running yet"));
  EXPECT_THAT(OnDisk(), ElementsAre(DebtState::kFailed));
}

TEST_F(RestartTest, CancelledWhatIsNotBackStaysOwed) {
  Stopped(Service("nginx", 1));
  Stopped(Service("db", 2));
  machine_.ComesBack("db.service", 10s);
  machine_.At(5s, [this] { cancel_.request_stop(); });
  EXPECT_EQ(RestartAll(), kCancelled);
  EXPECT_EQ(machine_.elapsed(), 5s);
  EXPECT_THAT(OnDisk(), ElementsAre(DebtState::kPaid, DebtState::kOwed));
  EXPECT_EQ(apps_[1].status, kStatusStopped);

  context_.cancel = {};
  EXPECT_EQ(RestartAll(), kSuccess);
  EXPECT_THAT(machine_.acts(), ElementsAre("release", "start db.service"));
  EXPECT_EQ(apps_[1].status, kBack);
}

TEST_F(RestartTest, CancelledAtTheFirstProgressCallTheHoldStays) {
  Stopped(Service("nginx", 1));
  context_.percent = [this](unsigned) { cancel_.request_stop(); };
  EXPECT_EQ(RestartAll(), kCancelled);
  EXPECT_THAT(machine_.acts(), IsEmpty());
}

TEST_F(RestartTest, WhoWasPlannedAndNeverAskedIsOwedNothing) {
  Stopped(Service("nginx", 1), DebtState::kPlanned);
  EXPECT_EQ(RestartAll(), kSuccess);
  EXPECT_FALSE(machine_.Did("start nginx.service"));
  EXPECT_THAT(OnDisk(), ElementsAre(DebtState::kCancelled));
}

TEST_F(RestartTest, AProgramThatNeverLeftIsNotCalledRestarted) {
  AskedInVain(Program("editor", 1));
  const uint32_t status = apps_[0].status;
  EXPECT_EQ(RestartAll(), kSuccess);
  EXPECT_EQ(apps_[0].status, status);
  EXPECT_THAT(OnDisk(), ElementsAre(DebtState::kCancelled));
}

// Before anybody waited for it: who is told that nothing is owed ends the session, and with it what
// brings the program back.
TEST_F(RestartTest, AProgramThatLeavesRightThenIsAwaited) {
  AskedInVain(Program("editor", 1));
  machine_.on_act = [this](const std::string& act) {
    if (act == "start editor") machine_.Dies(Id(1));
  };
  machine_.ComesBack("editor", 5s);
  EXPECT_EQ(RestartAll(), kSuccess);
  EXPECT_EQ(machine_.elapsed(), 5s);
  EXPECT_EQ(apps_[0].status, kBack);
  EXPECT_THAT(OnDisk(), ElementsAre(DebtState::kPaid));
}

TEST_F(RestartTest, WhoLeftOnlyAfterTheStopGaveUpWasNotShownAsRestarted) {
  Stopped(Program("editor", 1));
  Stopped(Service("nginx", 2));
  apps_[0].status = kStatusRunning | kStatusErrorOnStop;  // it left after its time
  apps_[1].status = kStatusStoppedOther;                  // it left after a cancel
  EXPECT_EQ(RestartAll(), kSuccess);
  EXPECT_EQ(apps_[0].status, kBack);
  EXPECT_EQ(apps_[1].status, kBack);
}

TEST_F(RestartTest, AServiceThatNeverLeftIsNotCalledRestarted) {
  Stopped(Service("nginx", 1));
  FakeMachine alive;
  apps_[0].status = kStatusRunning | kStatusErrorOnStop;
  ASSERT_TRUE(Restart(debts_, apps_, context_, alive, store_));
  EXPECT_EQ(apps_[0].status, kStatusRunning | kStatusErrorOnStop);
}

TEST_F(RestartTest, AStoreThatFailsAfterwardsLetsASecondTryFindEverythingRunning) {
  Stopped(Service("nginx", 1));
  store_.FailNext("UpdateDebts", Error{kWriteFault, "disk full"});
  EXPECT_EQ(RestartAll(), kWriteFault);
  EXPECT_THAT(OnDisk(), ElementsAre(DebtState::kOwed));
}

TEST_F(RestartTest, ADependentThatIsNoAppOfItsOwnIsStartedToo) {
  Stopped(Service("nginx", 1));
  apps_.clear();
  EXPECT_EQ(RestartAll(), kSuccess);
  EXPECT_TRUE(machine_.Did("start nginx.service"));
}

TEST_F(RestartTest, EventsTellTheStoryAndWhoStaysDown) {
  Stopped(Service("nginx", 1));
  Stopped(Service("db", 2));
  machine_.FailsToStart("db.service", "exit status 1");
  App editor = Program("editor", 3);
  editor.status = kStatusStopped;
  App masked = Masked(Service("web", 4), kStatusRestartMasked);
  masked.status = kStatusStopped | kStatusRestartMasked;
  App worker = Program("worker", 5);
  worker.status = kStatusStopped;
  worker.come_back = ComeBack::kWithParent;
  App running = Program("running", 6);
  for (const App& app : {editor, masked, worker, running}) apps_.push_back(app);
  EXPECT_EQ(RestartAll(), kFailRestart);
  using enum EventKind;
  EXPECT_THAT(Told(),
              ElementsAre(std::pair{kRelease, ""}, std::pair{kRestarting, "nginx"},
                          std::pair{kRestarting, "db"}, std::pair{kRestarted, "nginx"},
                          std::pair{kRestartFailed, "db"}, std::pair{kNotRestarted, "editor"},
                          std::pair{kNotRestarted, "web"}));
  EXPECT_EQ(events_[5].text, "it did not register for restart");
  EXPECT_EQ(events_[6].text, "a filter says so");
}

// --- leaving things down
// -----------------------------------------------------------------------------

TEST_F(RestartTest, LeaveDownCancelsWhatWaitsThenEndsTheHold) {
  Stopped(Service("nginx", 1));
  Stopped(Service("db", 2), DebtState::kPaid);
  ASSERT_TRUE(LeaveDown(debts_, context_, machine_, store_));
  EXPECT_THAT(machine_.acts(), ElementsAre("cancel start nginx.service", "release"));
  EXPECT_THAT(OnDisk(), ElementsAre(DebtState::kCancelled, DebtState::kPaid));
}

TEST_F(RestartTest, TheHoldStaysWhenItCannotBeWrittenDownThatThingsStayDown) {
  Stopped(Service("nginx", 1));
  store_.FailNext("UpdateDebts", Error{kWriteFault, "disk full"});
  EXPECT_FALSE(LeaveDown(debts_, context_, machine_, store_));
  EXPECT_FALSE(machine_.Did("release"));
}

}  // namespace
}  // namespace rm
