#include "session/session.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <thread>

#include "fakes/session_fixture.h"

namespace rm {
namespace {

using namespace test;
using namespace std::chrono_literals;
using ::testing::AnyOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

// --- registering

TEST_F(SessionTest, FilesAreRememberedAsTheyAreNowAndNamesAreChecked) {
  machine_->files["/a"] = FileResource{"/a", {"/link"}, FileIdentity{.ino = 7}};
  EXPECT_EQ(CodeOf(session_.Register({"/a", "/not-there"}, {Id(5)}, {"nginx", "user:7/x"})),
            kSuccess);
  const Registration registered = store_->Peek(record_.id).registered;
  ASSERT_THAT(registered.files, SizeIs(3));
  EXPECT_EQ(registered.files[1].at_registration->ino, 7u);
  EXPECT_EQ(registered.files[2].at_registration, std::nullopt);
  EXPECT_THAT(registered.services, ElementsAre(Unit("nginx.service"), Unit("user:7/x.service")));
  EXPECT_THAT(registered.processes, ElementsAre(Id(5)));
}

TEST_F(SessionTest, ABatchWithOneBadNameRegistersNothing) {
  EXPECT_EQ(CodeOf(session_.Register({"/a", "relative"}, {}, {})), kBadArguments);
  EXPECT_EQ(CodeOf(session_.Register({""}, {}, {})), kBadArguments);
  EXPECT_EQ(CodeOf(session_.Register({"/a"}, {}, {"no such/name"})), kBadArguments);
  EXPECT_THAT(store_->Peek(record_.id).registered.files, SizeIs(1));
}

TEST_F(SessionTest, AnEmptyBatchCostsNothing) {
  const size_t before = store_->calls().size();
  EXPECT_EQ(CodeOf(session_.Register({}, {}, {})), kSuccess);
  EXPECT_EQ(store_->calls().size(), before);
}

TEST_F(SessionTest, ATreeIsRegisteredWholeAndIsNoDirectoryInTheWay) {
  machine_->files["/opt/app"] = FileResource{
      "/opt/app", {}, FileIdentity{.mode = S_IFDIR | 0755}, Tree{false, {{"bin", {1, 2}}}}};
  ASSERT_TRUE(session_.RegisterTree("/opt/app", true));
  const FileResource stored = store_->Peek(record_.id).registered.files.back();
  ASSERT_TRUE(stored.tree);
  EXPECT_TRUE(stored.tree->other_file_systems);
  EXPECT_THAT(stored.tree->at_registration, SizeIs(1));
  EXPECT_FALSE(session_.List(false)->directory_registered);
  EXPECT_EQ(CodeOf(session_.RegisterTree("opt", false)), kBadArguments);
  EXPECT_EQ(CodeOf(session_.RegisterTree("", false)), kBadArguments);
}

TEST_F(SessionTest, HoldersAreToldOneByOneWithTheirUnits) {
  AddProgram(seen(), "editor", 50);
  AddService(seen(), "nginx", 51);
  Holds(seen(), 50, HoldKind::kWorkingDirectory);
  seen().unreadable = {Id(77)};
  auto list = session_.Holders();
  ASSERT_TRUE(list);
  ASSERT_THAT(list->holders, SizeIs(3));
  EXPECT_EQ(list->holders[0].name, "editor");
  EXPECT_EQ(list->holders[0].unit, std::nullopt);
  EXPECT_EQ(list->holders[1].unit, Unit("nginx"));
  EXPECT_EQ(list->holders[2].holding.kind, HoldKind::kWorkingDirectory);
  EXPECT_THAT(list->files, ElementsAre("/usr/lib/libfoo.so"));
  EXPECT_THAT(list->unreadable, ElementsAre(Id(77)));
  EXPECT_EQ(CodeOf(Join().Holders()), kSessionCredentialConflict);
}

TEST_F(SessionTest, WhatTheKernelItselfHoldsIsTold) {
  seen().kernel_uses = {{"swap", "", Holding{{}, HoldKind::kSwap, 0}}};
  auto list = session_.Holders();
  ASSERT_TRUE(list);
  ASSERT_THAT(list->holders, SizeIs(1));
  EXPECT_EQ(list->holders[0].name, "kernel (swap)");
}

// --- listing

TEST_F(SessionTest, TheListSaysWhoWhyAndWhatCouldNotBeSeen) {
  AddProgram(seen(), "editor", 50);
  AddProgram(seen(), "kthread", 51).kernel_thread = true;
  seen().unreadable = {Id(77)};
  machine_->files["/dir"] = FileResource{"/dir", {}, FileIdentity{.mode = S_IFDIR | 0755}};
  auto list = session_.List(false);
  ASSERT_TRUE(list);
  EXPECT_THAT(list->apps, SizeIs(2));
  EXPECT_EQ(list->reasons, kReasonCriticalProcess);
  EXPECT_THAT(list->files, ElementsAre("/usr/lib/libfoo.so"));
  EXPECT_THAT(list->unreadable, ElementsAre(Id(77)));
  EXPECT_FALSE(list->directory_registered);
  ASSERT_TRUE(session_.Register({"/dir"}, {}, {}));
  EXPECT_TRUE(session_.List(false)->directory_registered);
}

TEST_F(SessionTest, WhoWasSeenAndVanishedStaysListedWhoLetGoDoesNot) {
  AddProgram(seen(), "editor", 50);
  AddProgram(seen(), "player", 51);
  EXPECT_THAT(Listed(), ElementsAre("editor 0x1", "player 0x1"));
  machine_->Dies(Id(50));
  seen().holdings.clear();
  EXPECT_THAT(Listed(), ElementsAre("editor 0x4"));
  EXPECT_THAT(Listed(), ElementsAre("editor 0x4"));
}

TEST_F(SessionTest, APlanIsShownAndNothingIsDone) {
  AddService(seen(), "nginx", 50);
  auto plan = session_.Plan({});
  ASSERT_TRUE(plan);
  EXPECT_THAT(plan->waves, SizeIs(1));
  EXPECT_THAT(plan->held, ElementsAre(Unit("nginx")));
  EXPECT_THAT(machine_->acts(), IsEmpty());
  EXPECT_EQ(Restart(), kRequestOutOfSequence);
}

// --- stop and bring back

TEST_F(SessionTest, NothingAffectedIsASingleHundredBothWays) {
  EXPECT_EQ(Shutdown(), kSuccess);
  EXPECT_THAT(percents_, ElementsAre(100));
  EXPECT_EQ(Restart(), kSuccess);
  EXPECT_THAT(percents_, ElementsAre(100));
}

TEST_F(SessionTest, RestartingFirstIsOutOfSequence) {
  AddService(seen(), "nginx", 50);
  EXPECT_EQ(Restart(), kRequestOutOfSequence);
  EXPECT_THAT(machine_->acts(), IsEmpty());
}

TEST_F(SessionTest, AServiceIsStoppedAndComesBack) {
  AddService(seen(), "nginx", 50);
  EXPECT_EQ(Shutdown(), kSuccess);
  EXPECT_THAT(percents_, ElementsAre(0, 100));
  EXPECT_THAT(Listed(), ElementsAre("nginx.service 0x2"));
  EXPECT_EQ(Restart(), kSuccess);
  EXPECT_THAT(percents_, ElementsAre(0, 100));
  EXPECT_THAT(Listed(), ElementsAre("nginx.service 0xa"));
  EXPECT_THAT(machine_->acts(), ElementsAre("hold nginx.service", "ask to return nginx.service",
                                            "wait", "forget", "release", "start nginx.service"));
}

TEST_F(SessionTest, OneRefusesTheOthersComeBackAndEveryStatusTells) {
  AddProgram(seen(), "editor", 50);
  RegisterForRestart(seen(), 50);
  AddProgram(seen(), "mute", 51);
  AddProgram(seen(), "player", 52);
  AddService(seen(), "nginx", 53);
  AddService(seen(), "kept", 54);
  AddProgram(seen(), "passing", 55);
  ASSERT_TRUE(session_.AddFilter(NoShutdown(Filter::Service{"kept"})));
  machine_->Refuses("player", "it has unsaved work", 1s);
  machine_->IsGoneAlready("passing");
  EXPECT_EQ(Shutdown(), kFailShutdown);
  EXPECT_THAT(Listed(), ::testing::UnorderedElementsAre("editor 0x2", "mute 0x2", "player 0x11",
                                                        "nginx.service 0x1", "kept.service 0xc1",
                                                        "passing 0x4"));
  EXPECT_EQ(Restart(), kSuccess);
  EXPECT_THAT(Listed(), ::testing::UnorderedElementsAre("editor 0xa", "mute 0x2", "player 0x11",
                                                        "nginx.service 0x1", "kept.service 0xc1",
                                                        "passing 0x4"));
  EXPECT_FALSE(machine_->Did("start nginx.service"));
}

TEST_F(SessionTest, AReasonToRebootStopsNobodyAndRestartIsInSequence) {
  AddService(seen(), "nginx", 50);
  AddProgram(seen(), "apt", kInstaller);
  auto stopped = session_.Shutdown({.force = true}, {});
  EXPECT_EQ(CodeOf(stopped), kFailNoActionReboot);
  EXPECT_THAT(stopped.error().message, HasSubstr("it is the caller itself"));
  EXPECT_THAT(machine_->acts(), IsEmpty());
  EXPECT_EQ(Restart(), kSuccess);
  EXPECT_THAT(Listed(), ElementsAre("nginx.service 0x1", "apt 0x1"));
}

TEST_F(SessionTest, AFailedRestartStaysOwedAndIsTriedAgain) {
  AddService(seen(), "nginx", 50);
  EXPECT_EQ(Shutdown(), kSuccess);
  machine_->FailsToStart("nginx.service", "exit status 1");
  EXPECT_EQ(Restart(), kFailRestart);
  EXPECT_THAT(Listed(), ElementsAre("nginx.service 0x22"));
  machine_->StartsFine("nginx.service");
  EXPECT_EQ(Restart(), kSuccess);
  EXPECT_THAT(Listed(), ElementsAre("nginx.service 0xa"));
}

TEST_F(SessionTest, UnregisteredProgramsComeBackOnlyWithTheOption) {
  AddProgram(seen(), "editor", 50);
  Capture(seen(), 50);
  Session other = Start();
  EXPECT_EQ(Shutdown(), kSuccess);
  EXPECT_EQ(Restart(), kSuccess);
  EXPECT_FALSE(machine_->Did("start editor"));
  EXPECT_THAT(Listed(), ElementsAre("editor 0x2"));

  AddProgram(seen(), "player", 51);
  Capture(seen(), 51);
  session_.SetOption([](SessionOptions& options) { options.relaunch = true; });
  EXPECT_EQ(Shutdown(), kSuccess);
  EXPECT_EQ(Restart(), kSuccess);
  EXPECT_TRUE(machine_->Did("start player"));
  EXPECT_THAT(Listed(), ElementsAre("player 0xa", "editor 0x2"));
}

TEST_F(SessionTest, NobodyIsStoppedForWhomWeCouldNotReadHowItWasStarted) {
  AddProgram(seen(), "player", 51);
  seen().not_captured[Id(51)] = Error{kWriteFault, "Cannot read how process 51 was started."};
  session_.SetOption([](SessionOptions& options) { options.relaunch = true; });
  EXPECT_EQ(Shutdown(), kWriteFault);
  EXPECT_FALSE(machine_->Did("ask player"));
  session_.SetOption([](SessionOptions& options) { options.relaunch = false; });
  EXPECT_EQ(Shutdown(), kSuccess);  // it would not come back anyway
}

TEST_F(SessionTest, TheLimitsAreOptions) {
  AddProgram(seen(), "editor", 50);
  machine_->Ignores("editor");
  session_.SetOption([](SessionOptions& options) { options.limits.app = 50ms; });
  EXPECT_EQ(Shutdown(), kFailShutdown);
  EXPECT_EQ(machine_->elapsed(), 50ms);
}

TEST_F(SessionTest, ARetryWithForceStartedTheProgramTwice) {
  AddProgram(seen(), "editor", 50);
  RegisterForRestart(seen(), 50);
  AddService(seen(), "nginx", 51);
  machine_->Ignores("editor");
  EXPECT_EQ(Shutdown(), kFailShutdown);
  EXPECT_EQ(Shutdown({.force = true}), kSuccess);
  EXPECT_EQ(Owed(record_.id), 2u);
  EXPECT_EQ(Restart(), kSuccess);
  EXPECT_EQ(machine_->Count("start editor"), 1u);
  EXPECT_EQ(machine_->Count("start nginx.service"), 1u);
  EXPECT_THAT(Listed(), ElementsAre("editor 0xa", "nginx.service 0xa"));
}

// It left because of the first try. Nobody waited for that any more, and it was taken for one that
// had ended by itself.
TEST_F(SessionTest, WhoLeavesWhenItsLateReturnWasJustCalledOffIsBroughtBack) {
  AddProgram(seen(), "editor", 50);
  RegisterForRestart(seen(), 50);
  machine_->Ignores("editor");
  EXPECT_EQ(Shutdown(), kFailShutdown);
  EXPECT_EQ(Restart(), kSuccess);
  machine_->ForgetActs();
  machine_->late_returns = {"editor"};
  machine_->IsGoneAlready("editor");
  EXPECT_EQ(Shutdown(), kSuccess);
  EXPECT_EQ(Owed(record_.id), 1u);
  EXPECT_EQ(Restart(), kSuccess);
  EXPECT_EQ(machine_->Count("start editor"), 1u);
  EXPECT_THAT(Listed(), ElementsAre("editor 0xa"));
}

TEST_F(SessionTest, WhoIsStillWaitedForIsNotStartedWhileItIsReplaced) {
  AddProgram(seen(), "editor", 50);
  RegisterForRestart(seen(), 50);
  machine_->Ignores("editor");
  EXPECT_EQ(Shutdown(), kFailShutdown);
  EXPECT_EQ(Restart(), kSuccess);
  machine_->late_returns = {"editor"};
  machine_->ForgetActs();
  EXPECT_EQ(Shutdown({.force = true}), kSuccess);
  ASSERT_TRUE(machine_->Did("call off return of editor"));
  EXPECT_LT(std::ranges::find(machine_->acts(), "call off return of editor"),
            std::ranges::find(machine_->acts(), "kill editor"));
  EXPECT_EQ(Restart(), kSuccess);
  EXPECT_EQ(machine_->Count("start editor"), 1u);
}

TEST_F(SessionTest, ASecondRoundStopsAndStartsAgain) {
  UnitFacts& nginx = AddService(seen(), "nginx", 50);
  nginx.can_start = true;
  EXPECT_EQ(Shutdown(), kSuccess);
  EXPECT_EQ(Restart(), kSuccess);
  seen().units.clear();
  AddService(seen(), "nginx", 60);
  EXPECT_EQ(Shutdown(), kSuccess);
  EXPECT_EQ(Owed(record_.id), 1u);
  EXPECT_EQ(Restart(), kSuccess);
  EXPECT_EQ(machine_->Count("start nginx.service"), 2u);
  EXPECT_THAT(Listed(), ElementsAre("nginx.service 0xa", "nginx.service 0xa"));
}

// --- services that are down, or go along

TEST_F(SessionTest, AServiceThatGoesAlongIsKeptByAnAlias) {
  AddService(seen(), "base", 50).goes_along = {Unit("mariadb")};
  AddInactive(seen(), "mariadb").names.push_back("mysql.service");
  ASSERT_TRUE(session_.AddFilter(NoShutdown(Filter::Service{"mysql"})));
  EXPECT_EQ(Shutdown(), kFailShutdown);
  EXPECT_THAT(machine_->acts(), IsEmpty());
}

TEST_F(SessionTest, ARegisteredServiceThatIsDownIsHeldUnderItsOwnName) {
  AddInactive(seen(), "mariadb").names.push_back("mysql.service");
  ASSERT_TRUE(session_.Register({}, {}, {"mysql", "not-there"}));
  EXPECT_EQ(Shutdown(), kSuccess);
  EXPECT_THAT(machine_->acts(), ElementsAre("hold mariadb.service"));
}

// --- cancelling
TEST_F(SessionTest, AServiceThatCouldNotBeStartedAnywayIsNotHeld) {
  AddInactive(seen(), "mariadb").load_state = "masked";
  ASSERT_TRUE(session_.Register({}, {}, {"mariadb"}));
  EXPECT_EQ(Shutdown(), kSuccess);
  EXPECT_THAT(machine_->acts(), IsEmpty());
}

// ----------------------------------------------------------------------------------------------

TEST_F(SessionTest, ACancelWithNothingRunningIsForgotten) {
  AddService(seen(), "nginx", 50);
  EXPECT_EQ(CodeOf(session_.Cancel()), kSuccess);
  EXPECT_EQ(Shutdown(), kSuccess);
  EXPECT_EQ(CodeOf(session_.Cancel()), kSuccess);
  EXPECT_EQ(Restart(), kSuccess);
}

TEST_F(SessionTest, CancelledWhileLookingNobodyIsAsked) {
  AddService(seen(), "nginx", 50);
  machine_->on_observe = [this] { EXPECT_TRUE(session_.Cancel()); };
  EXPECT_EQ(Shutdown(), kCancelled);
  EXPECT_EQ(CodeOf(session_.List(false)), kCancelled);
  EXPECT_THAT(machine_->acts(), IsEmpty());
  // It was attempted all the same.
  EXPECT_EQ(Restart(), kSuccess);
}

TEST_F(SessionTest, CancelledInTheMiddleWhatIsDownComesBack) {
  for (const auto& [name, pid] : {std::pair{"editor", 50}, {"player", 51}}) {
    AddProgram(seen(), name, pid);
    RegisterForRestart(seen(), pid);
  }
  AddService(seen(), "nginx", 52);
  machine_->Leaves("player", 1s);
  machine_->At(500ms, [this] { EXPECT_TRUE(session_.Cancel()); });
  EXPECT_EQ(Shutdown(), kCancelled);
  EXPECT_THAT(Listed(), ElementsAre("player 0x1", "nginx.service 0x1", "editor 0x2"));
  EXPECT_EQ(Restart(), kSuccess);
  EXPECT_EQ(machine_->Count("start editor"), 1u);
  EXPECT_THAT(Listed(), ElementsAre("player 0x1", "nginx.service 0x1", "editor 0xa"));
}

TEST_F(SessionTest, CancelledFromTheProgressCallback) {
  AddService(seen(), "nginx", 50);
  EXPECT_EQ(CodeOf(session_.Shutdown({}, [this](unsigned) { (void)session_.Cancel(); })),
            kCancelled);
  EXPECT_THAT(machine_->acts(), IsEmpty());
}

// --- the end

TEST_F(SessionTest, EndingWithoutRestartLeavesThingsDown) {
  AddService(seen(), "nginx", 50);
  EXPECT_EQ(Shutdown(), kSuccess);
  machine_->ForgetActs();
  EXPECT_EQ(CodeOf(session_.End()), kSuccess);
  EXPECT_THAT(machine_->acts(), ElementsAre("cancel start nginx.service", "release"));
  EXPECT_THAT(store_->All().value(), IsEmpty());
}

TEST_F(SessionTest, EndingWithoutAShutdownDoesNothingToTheMachine) {
  AddService(seen(), "nginx", 50);
  EXPECT_EQ(CodeOf(session_.End()), kSuccess);
  EXPECT_THAT(machine_->acts(), IsEmpty());
}

// Who waits for its turn when the session ends must not begin: nothing would be stopped for.
TEST_F(SessionTest, EndingCancelsWhatRunsAndWhatWaitsForItsTurn) {
  AddService(seen(), "nginx", 50);
  std::thread ends, waits;
  uint32_t waited = kSuccess;
  bool first = true;
  machine_->on_observe = [&] {
    if (!std::exchange(first, false)) return;
    waits = std::thread([&] { waited = CodeOf(session_.Shutdown({}, {})); });
    ends = std::thread([&] { EXPECT_TRUE(session_.End()); });
    // Until End has come so far that it cancels this.
    while (!machine_->IsCancelled()) std::this_thread::yield();
  };
  EXPECT_EQ(Shutdown(), kCancelled);
  ends.join();
  waits.join();
  EXPECT_THAT(waited, AnyOf(kCancelled, kInvalidHandle));
  EXPECT_THAT(machine_->acts(), Not(Contains(HasSubstr("ask"))));
  EXPECT_THAT(store_->All().value(), IsEmpty());
}

TEST_F(SessionTest, AnEndThatFailedLeavesASessionThatWorks) {
  AddService(seen(), "nginx", 50);
  store_->FailNext("End", Error{kWriteFault, "disk full"});
  EXPECT_EQ(CodeOf(session_.End()), kWriteFault);
  EXPECT_EQ(Shutdown(), kSuccess);
  EXPECT_EQ(CodeOf(session_.End()), kSuccess);
}

TEST_F(SessionTest, EndedElsewhereNothingWorksAnyMore) {
  Session same(record_, Role::kPrimary, machine_, store_, "/store");
  Session joined = Join();
  AddService(seen(), "nginx", 50);
  ASSERT_TRUE(same.End());
  EXPECT_EQ(CodeOf(session_.List(false)), kInvalidHandle);
  EXPECT_EQ(Shutdown(), kInvalidHandle);
  EXPECT_EQ(Restart(), kInvalidHandle);
  EXPECT_EQ(CodeOf(session_.AddFilter(NoShutdown(Id(50)))), kInvalidHandle);
  EXPECT_EQ(CodeOf(session_.RemoveFilter(NoShutdown(Id(50)))), kInvalidHandle);
  EXPECT_EQ(CodeOf(session_.Filters()), kInvalidHandle);
  EXPECT_EQ(CodeOf(session_.End()), kInvalidHandle);
  EXPECT_EQ(CodeOf(joined.Register({"/a"}, {}, {})), kInvalidHandle);
  EXPECT_EQ(CodeOf(joined.End()), kSuccess);
  EXPECT_THAT(machine_->acts(), IsEmpty());
}

// --- who only joined

TEST_F(SessionTest, WhoJoinedRegistersAndLeavesAndNothingElse) {
  AddService(seen(), "nginx", 50);
  Session joined = Join();
  EXPECT_EQ(CodeOf(joined.Register({"/b"}, {}, {})), kSuccess);
  const Filter filter = NoShutdown(Id(50));
  EXPECT_EQ(CodeOf(joined.List(false)), kSessionCredentialConflict);
  EXPECT_EQ(CodeOf(joined.Plan({})), kSessionCredentialConflict);
  EXPECT_EQ(CodeOf(joined.Shutdown({}, {})), kSessionCredentialConflict);
  EXPECT_EQ(CodeOf(joined.Restart({})), kSessionCredentialConflict);
  EXPECT_EQ(CodeOf(joined.Cancel()), kSessionCredentialConflict);
  EXPECT_EQ(CodeOf(joined.AddFilter(filter)), kSessionCredentialConflict);
  EXPECT_EQ(CodeOf(joined.RemoveFilter(filter)), kSessionCredentialConflict);
  EXPECT_EQ(CodeOf(joined.Filters()), kSessionCredentialConflict);
  EXPECT_EQ(CodeOf(joined.End()), kSuccess);
  EXPECT_THAT(machine_->acts(), IsEmpty());
  EXPECT_THAT(session_.List(false)->files, ElementsAre("/usr/lib/libfoo.so", "/b"));
}

}  // namespace
}  // namespace rm
