#include "session/recover.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fakes/session_fixture.h"

namespace rm {
namespace {

using namespace test;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// --- nothing is lost

// Whatever call of the store fails during a shutdown: who was told to come back is owed on disk.
TEST_F(SessionTest, AStoreThatFailsAtAnyCallOfAShutdownLosesNothing) {
  const Observation world = [] {
    Observation seen;
    AddProgram(seen, "editor", 50);
    RegisterForRestart(seen, 50);
    AddService(seen, "nginx", 51);
    return seen;
  }();
  for (size_t n = 1;; ++n) {
    auto machine = std::make_shared<FakeMachine>();
    machine->observation = world;
    const SessionRecord record = store_->Start(Id(kInstaller))->record;
    Session session(record, Role::kPrimary, machine, store_, "/store");
    size_t told = 0;
    machine->on_act = [&](const std::string& act) {
      if (!act.starts_with("ask to return")) return;
      EXPECT_GE(Owed(record.id), ++told) << act << ", call " << n;
    };
    const size_t before = store_->calls().size();
    store_->FailCall(n, Error{kWriteFault, "disk full"});
    const uint32_t code = CodeOf(session.Shutdown({}, {}));
    if (store_->calls().size() - before < n) {
      EXPECT_EQ(code, kSuccess);
      EXPECT_GT(n, 5u);
      return;
    }
    EXPECT_EQ(code, kWriteFault) << "call " << n;
    ASSERT_TRUE(store_->End(record.id));
  }
}

// --- what dead installers owe

class RecoverTest : public SessionTest {
 protected:
  // A session of this owner that stopped one service and then nothing more.
  SessionRecord Stops(const std::string& service, pid_t pid, pid_t owner) {
    const SessionRecord record = store_->Start(Id(owner))->record;
    Session session(record, Role::kPrimary, machine_, store_, "/store");
    seen() = {};
    AddService(seen(), service, pid);
    EXPECT_TRUE(session.Shutdown({}, {}));
    machine_->ForgetActs();
    return record;
  }
  uint32_t RecoverAll() { return CodeOf(Recover(machine_, store_, "/store", {}, {})); }
  std::vector<std::string> Sessions() {
    std::vector<std::string> names;
    const std::vector<SessionState> all = store_->All().value();
    for (const SessionState& state : all) names.push_back(state.record.name);
    return names;
  }
};

TEST_F(RecoverTest, OnlyWhatDeadInstallersOweIsPaid) {
  const auto dead = Stops("nginx", 50, 901);
  const auto living = Stops("db", 51, 902);
  machine_->Dies(Id(901));
  EXPECT_EQ(RecoverAll(), kSuccess);
  EXPECT_THAT(machine_->acts(), ElementsAre("release", "start nginx.service"));
  EXPECT_THAT(Sessions(), ElementsAre(record_.name, living.name));
  EXPECT_EQ(Owed(living.id), 1u);
}

TEST_F(RecoverTest, WhatFailsStaysOwedAndTheOthersAreStillPaid) {
  const auto bad = Stops("nginx", 50, 901);
  const auto good = Stops("db", 51, 902);
  machine_->Dies(Id(901));
  machine_->Dies(Id(902));
  machine_->FailsToStart("nginx.service", "exit status 1");
  EXPECT_EQ(RecoverAll(), kFailRestart);
  EXPECT_TRUE(machine_->Did("start db.service"));
  EXPECT_THAT(Sessions(), ElementsAre(record_.name, bad.name));
  machine_->StartsFine("nginx.service");
  EXPECT_EQ(RecoverAll(), kSuccess);
  EXPECT_THAT(Sessions(), ElementsAre(record_.name));
}

// Of those that had come back, the next one said that they had not.
TEST_F(RecoverTest, WhoIsBackIsNotNamedByTheNextOneWhoPays) {
  const SessionRecord record = store_->Start(Id(901))->record;
  Session session(record, Role::kPrimary, machine_, store_, "/store");
  seen() = {};
  AddService(seen(), "nginx", 50);
  AddService(seen(), "db", 51);
  ASSERT_TRUE(session.Shutdown({}, {}));
  machine_->Dies(Id(901));
  machine_->FailsToStart("nginx.service", "exit status 1");
  EXPECT_EQ(RecoverAll(), kFailRestart);
  std::vector<std::string> told;
  const EventSink tell = [&](const Event& event) {
    if (event.kind == EventKind::kNotRestarted) told.push_back(event.name);
  };
  EXPECT_EQ(CodeOf(Recover(machine_, store_, "/store", tell, {})), kFailRestart);
  EXPECT_THAT(told, IsEmpty());
}

// It was owed for ever, and every recovery failed.
TEST_F(RecoverTest, AUnitThatIsNoMoreIsGivenUpWhereSomebodyIsTold) {
  const auto gone = Stops("nginx", 50, 901);
  machine_->Dies(Id(901));
  seen() = {};  // its unit, too
  machine_->FailsToStart("nginx.service", "its unit is not-found now");
  EXPECT_EQ(RecoverAll(), kFailRestart);
  EXPECT_THAT(Sessions(), ElementsAre(record_.name, gone.name));
  std::vector<std::string> told;
  const EventSink tell = [&](const Event& event) {
    if (event.kind == EventKind::kNotRestarted)
      told.push_back(ToString(*event.unit) + ": " + event.text);
  };
  EXPECT_EQ(CodeOf(Recover(machine_, store_, "/store", tell, {})), kSuccess);
  EXPECT_THAT(told, ElementsAre(HasSubstr("nginx.service: its unit is not-found now")));
  EXPECT_THAT(Sessions(), ElementsAre(record_.name));
}

TEST_F(RecoverTest, WhatSomebodyElseIsPayingIsNotPaidTwice) {
  const auto paid = Stops("nginx", 50, 901);
  const auto ours = Stops("db", 51, 902);
  machine_->Dies(Id(901));
  machine_->Dies(Id(902));
  machine_->paid_by_another = {paid.name};
  EXPECT_EQ(RecoverAll(), kSemTimeout);
  EXPECT_FALSE(machine_->Did("start nginx.service"));
  EXPECT_TRUE(machine_->Did("start db.service"));
  EXPECT_THAT(machine_->cleaned_up, ElementsAre(ours.name));
}

// Each had a second of its own: fifty kept the next installer waiting for more than a minute.
TEST_F(RecoverTest, WhoDoesNotComeBackInTimeKeepsNobodyWaitingForEachOfThem) {
  constexpr Milliseconds kInAll{1000};
  for (int i = 0; i < 50; ++i) {
    const std::string service = "s" + std::to_string(i);
    Stops(service, 50 + i, 1000 + i);
    machine_->ComesBack(service + ".service", FakeMachine::kNever);
  }
  for (int i = 0; i < 50; ++i) machine_->Dies(Id(1000 + i));
  const Milliseconds before = machine_->elapsed();
  EXPECT_EQ(CodeOf(Recover(machine_, store_, "/store", {}, {}, {}, kInAll)), kFailRestart);
  EXPECT_LE(machine_->elapsed() - before, kInAll);
  for (int i = 0; i < 50; ++i)
    EXPECT_TRUE(machine_->Did("start s" + std::to_string(i) + ".service"));
  for (int i = 0; i < 50; ++i)
    machine_->ComesBack("s" + std::to_string(i) + ".service", Milliseconds(0));
  EXPECT_EQ(RecoverAll(), kSuccess);
  EXPECT_THAT(Sessions(), ElementsAre(record_.name));
}

// The filter came after the stop, and its installer died: the service was brought back.
TEST_F(RecoverTest, WhomAFilterKeepsDownStaysDownWhenItsInstallerDies) {
  const auto dead = Stops("nginx", 50, 901);
  machine_->Dies(Id(901));
  ASSERT_TRUE(store_->AddFilter(dead.id, {Filter::Service{"nginx"}, FilterAction::kNoRestart}));
  EXPECT_EQ(RecoverAll(), kSuccess);
  EXPECT_THAT(machine_->acts(), ElementsAre("cancel start nginx.service", "release"));
  EXPECT_THAT(Sessions(), ElementsAre(record_.name));
}

// PID 1 had started it when the installer died, and its administrator had stopped it since: it was
// started once more.
TEST_F(RecoverTest, WhatWasStartedSinceAndStoppedAgainStaysDown) {
  Stops("nginx", 50, 901);
  Stops("db", 51, 902);
  machine_->Dies(Id(901));
  machine_->Dies(Id(902));
  machine_->ended_since = {"nginx.service"};
  std::vector<std::string> told;
  const EventSink tell = [&](const Event& event) {
    if (event.kind == EventKind::kNotRestarted) told.push_back(event.name + ": " + event.text);
  };
  EXPECT_EQ(CodeOf(Recover(machine_, store_, "/store", tell, {})), kSuccess);
  EXPECT_FALSE(machine_->Did("start nginx.service"));
  EXPECT_TRUE(machine_->Did("start db.service"));
  EXPECT_THAT(told, ElementsAre(HasSubstr("nginx.service: it was started after the update, and "
                                          "has ended or was stopped since")));
  EXPECT_THAT(Sessions(), ElementsAre(record_.name));
}

// The next session tells nobody, and starts it no more than recover does.
TEST_F(RecoverTest, WhatWasStartedSinceStaysDownAlsoIfNobodyIsTold) {
  Stops("nginx", 50, 901);
  machine_->Dies(Id(901));
  machine_->ended_since = {"nginx.service"};
  EXPECT_EQ(RecoverAll(), kSuccess);
  EXPECT_THAT(machine_->acts(), ElementsAre("release"));
  EXPECT_THAT(Sessions(), ElementsAre(record_.name));
}

// It ended because the database did, which is started: nobody wanted it down.
TEST_F(RecoverTest, WhatWentDownWithOneThatIsOwedItsStartIsStartedWithIt) {
  const SessionRecord record = store_->Start(Id(901))->record;
  Session session(record, Role::kPrimary, machine_, store_, "/store");
  seen() = {};
  AddService(seen(), "db", 50).goes_along = {test::Unit("web"), test::Unit("cache")};
  EXPECT_TRUE(session.Shutdown({}, {}));
  machine_->Dies(Id(901));
  machine_->ended_since = {"web.service"};
  EXPECT_EQ(RecoverAll(), kSuccess);
  EXPECT_TRUE(machine_->Did("start web.service"));
}

// A living installer has the last word: it starts what it stopped.
TEST_F(RecoverTest, WhoRestartsByItselfStartsAlsoWhatWasStoppedAgain) {
  AddService(seen(), "nginx", 50);
  EXPECT_TRUE(session_.Shutdown({}, {}));
  machine_->ended_since = {"nginx.service"};
  EXPECT_TRUE(session_.Restart({}));
  EXPECT_TRUE(machine_->Did("start nginx.service"));
}

TEST_F(RecoverTest, AnInstallerThatDiedBeforeItStoppedAnythingLeavesNothing) {
  machine_->Dies(Id(kInstaller));
  EXPECT_EQ(RecoverAll(), kSuccess);
  EXPECT_THAT(Sessions(), IsEmpty());
}

// --- what was stopped before the boot

class RebootedTest : public RecoverTest {
 protected:
  RebootedTest() { machine_->Dies(ProcessId{}); }

  static Debt Unit(const std::string& name, std::optional<uid_t> user = {}) {
    Debt debt;
    debt.unit = UnitRef{user, name};
    debt.app_name = name;
    return debt;
  }
  // The unit, as the boot has left it.
  void Is(const std::string& name, const std::string& state, bool was_started) {
    UnitFacts facts;
    facts.ref = {{}, name};
    facts.names = {name};
    facts.load_state = "loaded";
    facts.active_state = state;
    facts.was_started = was_started;
    seen().units.push_back(facts);
  }
  // What is told about those who stay down.
  uint32_t RecoverAndHear() {
    return CodeOf(Recover(machine_, store_, "/store",
                          [&](const Event& event) {
                            if (event.kind == EventKind::kNotRestarted)
                              told_.push_back(event.name + ": " + event.text);
                          },
                          {}));
  }
  std::vector<std::string> told_;
};

TEST_F(RebootedTest, AServiceThatTheBootDidNotStartIsStarted) {
  Is("nginx.service", "inactive", false);
  store_->earlier = {Unit("nginx.service")};
  EXPECT_EQ(RecoverAndHear(), kSuccess);
  EXPECT_THAT(machine_->acts(), ElementsAre("release", "start nginx.service"));
  EXPECT_THAT(told_, IsEmpty());
  EXPECT_THAT(Sessions(), ElementsAre(record_.name));
}

// An enabled one is started by the boot. If it has ended since, it is not started once more.
TEST_F(RebootedTest, WhatTheBootHasStartedIsNotStartedAgain) {
  Is("job.service", "inactive", true);
  Is("broken.service", "failed", true);
  store_->earlier = {Unit("job.service"), Unit("broken.service")};
  EXPECT_EQ(RecoverAndHear(), kSuccess);
  EXPECT_FALSE(machine_->Did("start job.service"));
  EXPECT_FALSE(machine_->Did("start broken.service"));
  EXPECT_THAT(told_, ElementsAre(HasSubstr("job.service: the boot"), HasSubstr("broken.service")));
  EXPECT_THAT(Sessions(), ElementsAre(record_.name));
}

TEST_F(RebootedTest, ProgramsAndUsersUnitsAreToldAndLeftAlone) {
  Debt program;
  program.process.emplace();
  program.process->executable = "/usr/bin/ed";
  program.process->uids.fill(1000);
  program.app_name = "editor";
  store_->earlier = {program, Unit("app.service", 1000)};
  EXPECT_EQ(RecoverAndHear(), kSuccess);
  EXPECT_THAT(machine_->acts(), ElementsAre("release"));
  EXPECT_THAT(told_, ElementsAre(AllOf(HasSubstr("editor: "), HasSubstr("/usr/bin/ed by hand")),
                                 HasSubstr("app.service: ")));
  EXPECT_THAT(Sessions(), ElementsAre(record_.name));
}

TEST_F(RebootedTest, WhatCannotBeReadIsToldAfterTheOthersArePaid) {
  const auto dead = Stops("nginx", 50, 901);
  machine_->Dies(Id(901));
  store_->FailNext("AdoptEarlier", Error{kWriteFault, "damaged"});
  EXPECT_EQ(RecoverAll(), kWriteFault);
  EXPECT_TRUE(machine_->Did("start nginx.service"));
  EXPECT_THAT(Sessions(), ElementsAre(record_.name));
}

}  // namespace
}  // namespace rm
