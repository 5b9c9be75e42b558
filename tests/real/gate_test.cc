// Whom the guard lets through, and whom not.
#include <unistd.h>

#include "real/instance.h"

namespace rm {
namespace {

class GateTest : public testing::Test {
 protected:
  GateTest() {
    for (const std::string& unit : units_.names()) EXPECT_TRUE(manager_->QueueRestart(unit));
    EXPECT_TRUE(units_.AwaitDown());
    EXPECT_TRUE(manager_->WatchJobs());
  }

  bool Waits(const std::string& unit) {
    const Result<UnitState> state = manager_->Query(unit);
    return state && state->stopped() && state->start_queued();
  }

  // Lets PID 1 tell that somebody asked for this unit, which already waits.
  bool AwaitRequest(const std::string& unit) {
    const uint32_t job = manager_->Query(unit)->job;
    return Await(*manager_, [&] {
      for (const JobEvent& event : manager_->TakeJobEvents()) {
        if (event.kind == JobEvent::kChanged && event.job == job) return true;
      }
      return false;
    });
  }

  std::unique_ptr<Manager> manager_ = Connected();
  Program owner_{{"/bin/bash"}};
  Units units_{
      *manager_,
      {"rt-db.service", "rt-dep-requires.service", "rt-simple.service", "rt-always.service"}};
  TestHold hold_{*manager_, owner_.id(), units_.names()};
};

TEST_F(GateTest, TheInstallersRestartGoesThroughAndNothingElse) {
  owner_.Write("systemctl restart rt-simple.service; echo $?\n");
  EXPECT_EQ(owner_.ReadLine(), "0");
  EXPECT_EQ(manager_->Query("rt-simple.service")->active_state, "active");
  EXPECT_TRUE(Waits("rt-db.service"));
  EXPECT_TRUE(Waits("rt-dep-requires.service"));
  EXPECT_TRUE(Waits("rt-always.service"));
}

TEST_F(GateTest, SoDoesAStartFromDeepInsideTheInstallersTree) {
  owner_.Write(
      "(setsid sh -c 'sh -c \"systemctl --quiet start rt-simpl?.service; true\"; echo $?'; "
      "true)\n");
  EXPECT_EQ(owner_.ReadLine(), "0");
  EXPECT_EQ(manager_->Query("rt-simple.service")->active_state, "active");
  EXPECT_TRUE(Waits("rt-db.service"));
}

TEST_F(GateTest, WhatTheUnitStartsAfterIsLetThroughToo) {
  owner_.Write("systemctl start rt-dep-requires; echo $?\n");
  EXPECT_EQ(owner_.ReadLine(), "0");
  EXPECT_EQ(manager_->Query("rt-db.service")->active_state, "active");
  EXPECT_EQ(manager_->Query("rt-dep-requires.service")->active_state, "active");
  EXPECT_TRUE(Waits("rt-simple.service"));
}

TEST_F(GateTest, AUnitThatIsNotHeldButWaitsForOneThatIs) {
  owner_.Write("systemctl start rt-dep-wants.service; echo $?\n");
  EXPECT_EQ(owner_.ReadLine(), "0");
  EXPECT_EQ(manager_->Query("rt-db.service")->active_state, "active");
  EXPECT_TRUE(Waits("rt-simple.service"));
  EXPECT_TRUE(manager_->QueueStop("rt-dep-wants.service"));
}

TEST_F(GateTest, AnAdministratorWaitsAndThenSucceeds) {
  (void)manager_->TakeJobEvents();
  Program administrator({"systemctl", "start", "rt-simple.service"});
  ASSERT_TRUE(AwaitRequest("rt-simple.service"));
  // The guard has seen the administrator's request when it has answered a later one.
  owner_.Write("systemctl restart rt-always.service; echo $?\n");
  EXPECT_EQ(owner_.ReadLine(), "0");
  EXPECT_TRUE(Waits("rt-simple.service"));
  EXPECT_FALSE(administrator.Ended());
  ASSERT_TRUE(manager_->EndHold(hold_.session()));
  EXPECT_EQ(administrator.Wait(), 0);
  EXPECT_TRUE(units_.AwaitRunning());
}

TEST_F(GateTest, OpensWhenTold) {
  ASSERT_TRUE(manager_->OpenGate(hold_.session(), "rt-simple.service"));
  EXPECT_TRUE(Await(*manager_,
                    [&] { return manager_->State("rt-simple.service").active_state == "active"; }));
  EXPECT_TRUE(Waits("rt-db.service"));
  EXPECT_TRUE(manager_->OpenGate(hold_.session(), "rt-simple.service")) << "nothing happens";
}

TEST_F(GateTest, TheInstallersStopTakesTheQueuedStartAway) {
  owner_.Write("systemctl stop rt-simple.service; echo $?\n");
  EXPECT_EQ(owner_.ReadLine(), "0");
  EXPECT_EQ(manager_->Query("rt-simple.service")->job, 0u);
  EXPECT_TRUE(Waits("rt-db.service"));
}

TEST_F(GateTest, ARequestThatIsNotUnderstoodOpensEveryGateInTheEnd) {
  TestHold hold(*manager_, owner_.id(), {"rt-simple.service"}, {"--patience-ms", "1"});
  // Looks like a systemctl that asks for a unit that no job is for, and ends with its input.
  owner_.Write(
      "cd $(mktemp -d) && echo 'systemctl --no-block start rt-simple.service; read' >start\n"
      "ln -s $(command -v bash) systemctl && (exec ./systemctl start odd)\n");
  EXPECT_TRUE(Await(*manager_, [&] {
    const auto held = manager_->Held(hold.session());
    return held && held->empty();
  }));
  EXPECT_EQ(manager_->Held(hold_.session())->size(), units_.names().size());
}

// Any other client of PID 1, as far as the guard can tell.
TEST_F(GateTest, AnInstallerThatWaitsInAnUnknownWayIsLetThroughInTheEnd) {
  TestHold hold(*manager_, owner_.id(), {"rt-dep-wants.service"}, {"--patience-ms", "1"});
  ASSERT_TRUE(manager_->StartUnit("rt-dep-wants.service"));
  owner_.Write("(exec -a other systemctl start rt-dep-wants.service)\n");
  EXPECT_TRUE(Await(*manager_, [&] {
    const auto held = manager_->Held(hold.session());
    return held && held->empty();
  }));
  EXPECT_TRUE(Waits("rt-simple.service"));
  EXPECT_TRUE(manager_->QueueStop("rt-dep-wants.service"));
}

}  // namespace
}  // namespace rm
