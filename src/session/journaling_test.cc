// What the journal hears while an installer does its work.
#include "session/journaling.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/win32_codes.h"
#include "fakes/fake_machine.h"
#include "fakes/fake_store.h"
#include "fakes/small_world.h"
#include "session/recover.h"
#include "session/session.h"

namespace rm {
namespace {

using namespace test;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr pid_t kInstaller = 900;

class JournalingTest : public ::testing::Test {
 protected:
  JournalingTest()
      : record_(store_->Start(Id(kInstaller))->record),
        session_(record_, Role::kPrimary, machine_, store_, "/store") {
    machine_->caller.self = Id(kInstaller);
    store_->is_alive = [this](const ProcessId& process) { return machine_->IsAlive(process); };
  }

  void Starts(Begin begin = Begin::kNow) {
    session_.SetJournal(Journaling(Sink(), record_, begin, 0));
  }
  JournalSink Sink() {
    return [this](const JournalRecord& record) {
      std::string said = fmt::format("{}", static_cast<uint32_t>(record.event));
      bool unit = false;
      for (const JournalField& field : record.fields) unit = unit || field.name == "RM_UNIT";
      for (const JournalField& field : record.fields) {
        const std::string& name = field.name;
        if (name == (unit ? "OBJECT_SYSTEMD_UNIT" : "RM_DISPLAY_NAME")) said += " " + field.value;
        if (name == "RM_APPLICATIONS" || name == "RM_FILE" || name == "RM_FILES")
          said += " " + field.value;
      }
      heard_.push_back(said);
    };
  }
  std::vector<std::string> Heard() { return std::exchange(heard_, {}); }
  Observation& seen() { return machine_->observation; }

  std::shared_ptr<FakeMachine> machine_ = std::make_shared<FakeMachine>();
  std::shared_ptr<FakeStore> store_ = std::make_shared<FakeStore>();
  std::vector<std::string> heard_;
  SessionRecord record_;
  Session session_;
};

TEST_F(JournalingTest, AnInstallersWorkIsToldInTheOrderOfWindows) {
  Starts();
  AddProgram(seen(), "editor", 50);
  AddService(seen(), "nginx", 51);
  ASSERT_TRUE(session_.Register({"/lib"}, {}, {}));
  ASSERT_TRUE(session_.List(false));
  ASSERT_TRUE(session_.Shutdown({}, {}));
  ASSERT_TRUE(session_.Restart({}));
  ASSERT_TRUE(session_.End());
  EXPECT_THAT(Heard(),
              ElementsAre("10000", "10004 /lib", "10010 editor", "10002 editor /lib",
                          "10002 nginx.service /lib", "10003 nginx.service /lib", "10001"));
}

TEST_F(JournalingTest, WhatNeedsARebootIsToldOnceAndAgainWhenItChanges) {
  Starts();
  AddProgram(seen(), "kthread", 51).kernel_thread = true;
  ASSERT_TRUE(session_.Register({"/lib"}, {}, {}));
  ASSERT_TRUE(session_.List(false));
  ASSERT_TRUE(session_.List(false));
  EXPECT_EQ(session_.Shutdown({}, {}).error().code, kFailNoActionReboot);
  EXPECT_THAT(Heard(), ElementsAre("10000", "10004 /lib", "10005 kthread"));
  AddProgram(seen(), "other", 52).kernel_thread = true;
  ASSERT_TRUE(session_.List(false));
  ASSERT_TRUE(session_.End());
  EXPECT_THAT(Heard(), ElementsAre("10005 kthread other", "10001"));
}

TEST_F(JournalingTest, WhoStaysIsAnErrorAndWhoCannotComeBackIsToldOnce) {
  Starts();
  AddProgram(seen(), "editor", 50);
  machine_->Ignores("editor");
  ASSERT_TRUE(session_.Register({"/lib"}, {}, {}));
  EXPECT_EQ(session_.Shutdown({}, {}).error().code, kFailShutdown);
  EXPECT_EQ(session_.Shutdown({}, {}).error().code, kFailShutdown);
  EXPECT_THAT(Heard(), ElementsAre("10000", "10004 /lib", "10010 editor", "10002 editor /lib",
                                   "10006 editor /lib", "10002 editor /lib", "10006 editor /lib"));
}

TEST_F(JournalingTest, AnotherProcessThatTriesAgainDoesNotTellItTwice) {
  AddProgram(seen(), "editor", 50);
  machine_->Ignores("editor");
  ASSERT_TRUE(session_.Register({"/lib"}, {}, {}));
  EXPECT_FALSE(session_.Shutdown({}, {}));
  Session again(record_, Role::kPrimary, machine_, store_, "/store");
  again.SetJournal(Journaling(Sink(), record_, Begin::kHeard, 0));
  EXPECT_FALSE(again.Shutdown({}, {}));
  EXPECT_THAT(Heard(), ElementsAre("10002 editor /lib", "10006 editor /lib"));
}

TEST_F(JournalingTest, WhoseReturnAFilterForbidsIsNoSurprise) {
  Starts();
  AddProgram(seen(), "editor", 50);
  ASSERT_TRUE(session_.Register({"/lib"}, {}, {}));
  ASSERT_TRUE(session_.AddFilter({Id(50), FilterAction::kNoRestart}));
  ASSERT_TRUE(session_.Shutdown({}, {}));
  EXPECT_THAT(Heard(), ElementsAre("10000", "10004 /lib", "10002 editor /lib"));
}

TEST_F(JournalingTest, WhatFailsToComeBackIsAnError) {
  Starts();
  AddService(seen(), "nginx", 51);
  machine_->FailsToStart("nginx.service", "no disk");
  ASSERT_TRUE(session_.Register({"/lib"}, {}, {}));
  ASSERT_TRUE(session_.Shutdown({}, {}));
  EXPECT_FALSE(session_.Restart({}));
  EXPECT_THAT(Heard(), ElementsAre("10000", "10004 /lib", "10002 nginx.service /lib",
                                   "10003 nginx.service /lib", "10007 nginx.service /lib"));
}

TEST_F(JournalingTest, UnitsThatGoAlongAreToldToo) {
  Starts();
  AddService(seen(), "db", 51).goes_along = {Unit("web.service")};
  ASSERT_TRUE(session_.Register({"/lib"}, {}, {}));
  ASSERT_TRUE(session_.Shutdown({}, {}));
  EXPECT_THAT(Heard(),
              ElementsAre("10000", "10004 /lib", "10002 db.service /lib", "10002 web.service"));
}

TEST_F(JournalingTest, AStoreThatFailsHalfWayIsAnInternalError) {
  Starts();
  AddService(seen(), "nginx", 51);
  ASSERT_TRUE(session_.Register({"/lib"}, {}, {}));
  store_->FailNext("AddDebts", Error{kWriteFault, "no disk"});
  EXPECT_FALSE(session_.Shutdown({}, {}));
  EXPECT_THAT(Heard(), ElementsAre("10000", "10004 /lib", "10008"));
}

TEST_F(JournalingTest, ASilentSessionThatOnlyLooksIsNotHeardOf) {
  Starts(Begin::kWhenItActs);
  ASSERT_TRUE(session_.Register({"/lib"}, {}, {}));
  ASSERT_TRUE(session_.List(false));
  ASSERT_TRUE(session_.End());
  EXPECT_THAT(Heard(), IsEmpty());
}

TEST_F(JournalingTest, ASilentSessionThatActsIsToldWhole) {
  Starts(Begin::kWhenItActs);
  AddService(seen(), "nginx", 51);
  ASSERT_TRUE(session_.Register({"/lib"}, {}, {}));
  ASSERT_TRUE(session_.Register({"/other"}, {}, {}));
  EXPECT_THAT(Heard(), IsEmpty());
  ASSERT_TRUE(session_.Shutdown({}, {}));
  ASSERT_TRUE(session_.End());
  EXPECT_THAT(Heard(), ElementsAre("10000", "10004", "10002 nginx.service /lib", "10001"));
}

TEST_F(JournalingTest, ThousandsOfRegistrationsAreAddedUp) {
  Starts();
  for (int i = 0; i < 1000; ++i) ASSERT_TRUE(session_.Register({"/lib"}, {}, {}));
  ASSERT_TRUE(session_.End());
  const std::vector<std::string> heard = Heard();
  ASSERT_EQ(heard.size(), 53u);
  EXPECT_EQ(heard[51], "10004");
}

TEST_F(JournalingTest, WhatIsOwedForADeadInstallerIsToldAsWell) {
  AddService(seen(), "nginx", 51);
  ASSERT_TRUE(session_.Register({"/lib"}, {}, {}));
  ASSERT_TRUE(session_.Shutdown({}, {}));
  machine_->Dies(Id(kInstaller));
  ASSERT_TRUE(Recover(machine_, store_, "/store", {}, {}, Sink()));
  EXPECT_THAT(Heard(), ElementsAre("10003 nginx.service /lib", "10001"));
}

}  // namespace
}  // namespace rm
