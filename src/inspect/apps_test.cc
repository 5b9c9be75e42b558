#include "inspect/apps.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fakes/small_world.h"

namespace rm {
namespace {

using namespace test;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

std::vector<App> Look(const Observation& seen, bool relaunch = false) {
  return AffectedApps({}, seen, Onlooker{Id(900)}, relaunch);
}

std::vector<std::string> Names(const std::vector<App>& apps) {
  std::vector<std::string> names;
  for (const App& app : apps) names.push_back(app.name);
  return names;
}

const App& Named(const std::vector<App>& apps, const std::string& name) {
  for (const App& app : apps)
    if (app.name == name) return app;
  ADD_FAILURE() << name << " is not listed";
  static const App nobody;
  return nobody;
}

TEST(AffectedAppsTest, NobodyHoldsAnything) { EXPECT_THAT(Look({}), IsEmpty()); }

TEST(AffectedAppsTest, AProgramIsOneAppHoweverOftenItHoldsTheFile) {
  Observation seen;
  AddProgram(seen, "editor", 50);
  Holds(seen, 50, HoldKind::kMapping);
  const auto apps = Look(seen);
  ASSERT_THAT(apps, SizeIs(1));
  EXPECT_EQ(apps[0].name, "editor");
  EXPECT_EQ(apps[0].executable, "/usr/bin/editor");
  EXPECT_EQ(apps[0].main, Id(50));
  EXPECT_THAT(apps[0].processes, ElementsAre(Id(50)));
  EXPECT_THAT(apps[0].holdings, SizeIs(2));
  EXPECT_EQ(apps[0].status, kStatusRunning);
  EXPECT_FALSE(apps[0].asked_for);
}

TEST(AffectedAppsTest, AHolderThatVanishedMeanwhileIsSkipped) {
  Observation seen;
  Holds(seen, 50);
  EXPECT_THAT(Look(seen), IsEmpty());
}

TEST(AffectedAppsTest, AServiceIsOneAppWithItsMainProcessAlsoIfOnlyAWorkerHolds) {
  Observation seen;
  UnitFacts& nginx = AddService(seen, "nginx", 50);
  nginx.description = "A web server";
  seen.holdings.clear();
  AddProcess(seen, "nginx", 50);
  AddProgram(seen, "nginx", 51);
  Belongs(seen, 51, "nginx", OwnerKind::kService);
  const auto apps = Look(seen);
  ASSERT_THAT(apps, SizeIs(1));
  EXPECT_EQ(apps[0].unit, Unit("nginx"));
  EXPECT_EQ(apps[0].name, "A web server");
  EXPECT_EQ(apps[0].main, Id(50));
  EXPECT_THAT(apps[0].processes, ElementsAre(Id(51)));
  EXPECT_EQ(apps[0].type, AppType::kService);
  EXPECT_EQ(apps[0].come_back, ComeBack::kService);
  EXPECT_EQ(apps[0].why_not_back, "");
}

TEST(AffectedAppsTest, EachUseByTheKernelIsACriticalAppWithoutAProcess) {
  Observation seen;
  const Holding loop{.kind = HoldKind::kLoopDevice}, swap{.kind = HoldKind::kSwap, .file = 1};
  seen.kernel_uses = {{"loop device /dev/loop0", "mounted on /mnt", loop}, {"swap", "", swap}};
  const auto apps = Look(seen, true);
  ASSERT_THAT(Names(apps), ElementsAre("kernel (loop device /dev/loop0)", "kernel (swap)"));
  for (const App& app : apps) {
    EXPECT_EQ(app.type, AppType::kCritical);
    EXPECT_EQ(app.reasons, kReasonCriticalProcess);
    EXPECT_EQ(app.main, ProcessId{});
    EXPECT_THAT(app.processes, IsEmpty());
    EXPECT_FALSE(app.only_directories);
  }
  EXPECT_THAT(apps[0].why_not_stoppable, HasSubstr("mounted on /mnt; detach it with losetup"));
  EXPECT_FALSE(SameOwner(apps[0], apps[1]));
  EXPECT_EQ(RebootReasons(apps), kReasonCriticalProcess);
}

TEST(AffectedAppsTest, AServiceWithoutADescriptionGoesByItsProgram) {
  Observation seen;
  AddService(seen, "nginx", 50);
  EXPECT_THAT(Names(Look(seen)), ElementsAre("program-of-nginx.service"));
}

TEST(AffectedAppsTest, AServiceUnderAnAliasIsTheSameApp) {
  Observation seen;
  AddService(seen, "mariadb", 50).names.push_back("mysql.service");
  AddProgram(seen, "mariadbd", 51);
  Belongs(seen, 51, "mysql", OwnerKind::kService);
  Registration registered;
  registered.services = {Unit("mysql")};
  const auto apps = AffectedApps(registered, seen, Onlooker{Id(900)}, false);
  ASSERT_THAT(apps, SizeIs(1));
  EXPECT_EQ(apps[0].unit, Unit("mariadb"));
  EXPECT_THAT(apps[0].processes, SizeIs(2));
  EXPECT_TRUE(apps[0].asked_for);
}

TEST(AffectedAppsTest, TheSystemsAndAUsersServiceOfOneNameAreTwoApps) {
  Observation seen;
  AddService(seen, "sync", 50);
  AddService(seen, "user:1000/sync.service", 51).description = "A user's";
  EXPECT_THAT(Names(Look(seen)), ElementsAre("program-of-sync.service", "A user's"));
}

TEST(AffectedAppsTest, TheProcessesOfAnApplicationScopeLeaveTogether) {
  Observation seen;
  for (pid_t pid : {51, 50}) {
    AddProgram(seen, "browser", pid);
    Belongs(seen, pid, "user:1000/app-browser.scope", OwnerKind::kAppScope);
  }
  const auto apps = Look(seen);
  ASSERT_THAT(apps, SizeIs(1));
  EXPECT_EQ(apps[0].main, Id(50));
  EXPECT_FALSE(apps[0].is_service());
}

TEST(AffectedAppsTest, TheProgramsOfALoginSessionAreAppsOfTheirOwn) {
  Observation seen;
  for (pid_t pid : {50, 51}) {
    AddProgram(seen, "editor", pid);
    Belongs(seen, pid, "session-7.scope", OwnerKind::kLoginSession);
    seen.owners[Id(pid)].login_session = 7;
  }
  const auto apps = Look(seen);
  ASSERT_THAT(apps, SizeIs(2));
  EXPECT_EQ(apps[0].unit, std::nullopt);
  EXPECT_EQ(apps[0].login_session, 7u);
}

TEST(AffectedAppsTest, ARegisteredProcessIsAffectedWithoutHoldingAnything) {
  Observation seen;
  AddProcess(seen, "editor", 50);
  Registration registered;
  registered.processes = {Id(50)};
  const auto apps = AffectedApps(registered, seen, Onlooker{Id(900)}, false);
  ASSERT_THAT(apps, SizeIs(1));
  EXPECT_TRUE(apps[0].asked_for);
  EXPECT_FALSE(apps[0].only_directories);
}

TEST(AffectedAppsTest, ARegisteredProcessThatEndedOrHasAnotherStartTimeIsIgnored) {
  Observation seen;
  AddProcess(seen, "another", 50);
  Registration registered;
  registered.processes = {ProcessId{50, 1}, Id(51)};
  EXPECT_THAT(AffectedApps(registered, seen, Onlooker{Id(900)}, false), IsEmpty());
}

TEST(AffectedAppsTest, ARegisteredServiceIsAffectedWhileItIsUp) {
  for (const auto& [state, up] : {std::pair{"active", true},
                                  {"activating", true},
                                  {"reloading", true},
                                  {"inactive", false},
                                  {"failed", false},
                                  {"deactivating", true}}) {
    Observation seen;
    AddInactive(seen, "nginx").active_state = state;
    Registration registered;
    registered.services = {Unit("nginx"), Unit("not-there")};
    EXPECT_THAT(AffectedApps(registered, seen, Onlooker{Id(900)}, false), SizeIs(up ? 1 : 0))
        << state;
  }
}

TEST(AffectedAppsTest, WhoOnlyHasADirectoryThereIsKnownButNotCounted) {
  Observation seen;
  AddProcess(seen, "bash", 50).kernel_thread = true;
  Holds(seen, 50, HoldKind::kWorkingDirectory);
  Holds(seen, 50, HoldKind::kRootDirectory);
  auto apps = Look(seen);
  ASSERT_THAT(apps, SizeIs(1));
  EXPECT_TRUE(apps[0].only_directories);
  EXPECT_NE(apps[0].reasons, 0u);
  EXPECT_EQ(RebootReasons(apps), 0u);
  Holds(seen, 50, HoldKind::kDescriptor);
  apps = Look(seen);
  EXPECT_FALSE(apps[0].only_directories);
  EXPECT_EQ(RebootReasons(apps), kReasonCriticalProcess);
}

TEST(AffectedAppsTest, TheOrderIsThatOfStoppingThenByPid) {
  Observation seen;
  AddProgram(seen, "kernel", 10).kernel_thread = true;
  AddService(seen, "b", 20);
  AddService(seen, "a", 21);
  AddProgram(seen, "stubborn", 41).ignores_term = true;
  AddProgram(seen, "late", 42);
  AddProgram(seen, "early", 40);
  EXPECT_THAT(Names(Look(seen)), ElementsAre("early", "stubborn", "late", "program-of-b.service",
                                             "program-of-a.service", "kernel"));
}

// --- who comes back ------------------------------------------------------------------------------

TEST(ComeBackTest, AProgramThatNeverRegisteredStaysDown) {
  Observation seen;
  AddProgram(seen, "editor", 50);
  const auto apps = Look(seen);
  EXPECT_EQ(apps[0].come_back, ComeBack::kNot);
  EXPECT_THAT(apps[0].why_not_back, HasSubstr("did not register"));
}

TEST(ComeBackTest, AProgramThatRegisteredComesBack) {
  Observation seen;
  AddProgram(seen, "editor", 50);
  RegisterForRestart(seen, 50, 1 | 2 | 8);
  const auto apps = Look(seen);
  EXPECT_EQ(apps[0].come_back, ComeBack::kRegistered);
  EXPECT_EQ(apps[0].why_not_back, "");
}

TEST(ComeBackTest, RestartNoPatchMeansNotAfterAnUpdateAlsoWhenRelaunchingIsAllowed) {
  Observation seen;
  AddProgram(seen, "editor", 50);
  RegisterForRestart(seen, 50, 4);
  for (bool relaunch : {false, true}) {
    const auto apps = Look(seen, relaunch);
    EXPECT_EQ(apps[0].come_back, ComeBack::kNot);
    EXPECT_THAT(apps[0].why_not_back, HasSubstr("RESTART_NO_PATCH"));
  }
}

// It was stopped, and could not be started with lower limits than it had.
TEST(ComeBackTest, ARegisteredProgramThatIsBeyondTheCallerDoesNotComeBack) {
  Observation seen;
  AddProgram(seen, "editor", 50);
  RegisterForRestart(seen, 50);
  seen.beyond_us.emplace(Id(50), "Its resource limits are higher.");
  const auto apps = Look(seen);
  EXPECT_EQ(apps[0].come_back, ComeBack::kNot);
  EXPECT_THAT(apps[0].why_not_back, HasSubstr("limits are higher"));
  EXPECT_TRUE(Look(seen, true)[0].stays);
}

TEST(ComeBackTest, ACapturedProgramIsRelaunchedOnlyWhenThatIsAllowed) {
  Observation seen;
  AddProgram(seen, "editor", 50);
  Capture(seen, 50);
  EXPECT_EQ(Look(seen, true)[0].come_back, ComeBack::kRelaunched);
  EXPECT_EQ(Look(seen, true)[0].why_not_back, "");
  EXPECT_EQ(Look(seen, false)[0].come_back, ComeBack::kNot);
  EXPECT_THAT(Look(seen, false)[0].why_not_back, HasSubstr("possible"));
}

TEST(ComeBackTest, WhatCannotBeRestoredIsSaidAndNotRelaunched) {
  Observation seen;
  AddProgram(seen, "editor", 50);
  Capture(seen, 50, {"it has a pipe as its input"});
  for (bool relaunch : {false, true}) {
    const auto apps = Look(seen, relaunch);
    EXPECT_EQ(apps[0].come_back, ComeBack::kNot);
    EXPECT_THAT(apps[0].why_not_back, HasSubstr("it has a pipe as its input"));
  }
}

// The leader of a process may have exited, and threads run on: it was stopped, and lost.
TEST(ComeBackTest, WhoWasStartedNobodyKnowsHowStays) {
  Observation seen;
  AddProgram(seen, "editor", 50);
  const App editor = Look(seen, true)[0];
  EXPECT_TRUE(editor.stays);
  EXPECT_THAT(editor.why_not_back, HasSubstr("cannot be read"));
  EXPECT_FALSE(Look(seen, false)[0].stays);
}

// Jobs of cron were ended in the middle of their work, and nobody was told before.
TEST(ComeBackTest, WhatItsKillModeLeavesRunningIsEndedAndThatIsSaid) {
  Observation seen;
  AddService(seen, "cron", 50).kill_mode = "process";
  AddProgram(seen, "job", 51);
  Belongs(seen, 51, "cron", OwnerKind::kService);
  for (const char* mode : {"process", "none"}) {
    seen.units[0].kill_mode = mode;
    EXPECT_THAT(Look(seen)[0].cannot_restore, ElementsAre(HasSubstr("pid 51")));
  }
  seen.units[0].kill_mode = "mixed";
  EXPECT_THAT(Look(seen)[0].cannot_restore, ElementsAre());
}

TEST(ComeBackTest, WhatEndsSoonerIsSaidAndRelaunchedAllTheSame) {
  Observation seen;
  AddProgram(seen, "editor", 50);
  Capture(seen, 50);
  seen.ends_sooner.emplace(Id(50), "It would end with the last logout.");
  const App editor = Named(Look(seen, true), "editor");
  EXPECT_EQ(editor.come_back, ComeBack::kRelaunched);
  EXPECT_FALSE(editor.stays);
  EXPECT_THAT(editor.cannot_restore, ElementsAre("It would end with the last logout."));
}

TEST(ComeBackTest, WhoIsNotStoppedNeedsNoComingBack) {
  Observation seen;
  AddProgram(seen, "editor", 900);
  RegisterForRestart(seen, 900);
  EXPECT_EQ(Look(seen)[0].type, AppType::kCritical);
  EXPECT_EQ(Look(seen)[0].come_back, ComeBack::kNot);
}

TEST(ComeBackTest, AForkedWorkerComesBackWithItsParent) {
  Observation seen;
  AddProgram(seen, "server", 50);
  Capture(seen, 50);
  AddProgram(seen, "server", 51).parent = 50;
  Capture(seen, 51);
  const auto apps = Look(seen, true);
  EXPECT_EQ(apps[0].come_back, ComeBack::kRelaunched);
  EXPECT_EQ(apps[1].come_back, ComeBack::kWithParent);
  EXPECT_THAT(apps[1].why_not_back, HasSubstr("its parent, pid 50"));
}

TEST(ComeBackTest, AChildWithAnotherProgramIsRelaunchedByItself) {
  Observation seen;
  AddProgram(seen, "shell", 50);
  Capture(seen, 50);
  AddProgram(seen, "editor", 51).parent = 50;
  Capture(seen, 51);
  EXPECT_EQ(Named(Look(seen, true), "editor").come_back, ComeBack::kRelaunched);
}

TEST(ComeBackTest, AWorkerWasPromisedToComeBackWithAParentThatDoesNot) {
  Observation seen;
  AddProgram(seen, "server", 50);
  AddProgram(seen, "server", 51).parent = 50;
  AddProgram(seen, "server", 52).parent = 51;
  Capture(seen, 50, {"it has a pipe as its input"});
  Capture(seen, 51);
  Capture(seen, 52);
  const auto apps = Look(seen, true);
  ASSERT_THAT(apps, SizeIs(3));
  for (const App& app : apps) EXPECT_EQ(app.come_back, ComeBack::kNot) << app.main.pid;
  EXPECT_THAT(apps[1].why_not_back, HasSubstr("pid 50"));
}

// --- filters
// ---------------------------------------------------------------------------------------

std::vector<App> Filtered(const Observation& seen, const std::vector<Filter>& filters) {
  auto apps = Look(seen);
  ApplyFilters(filters, apps);
  return apps;
}

constexpr uint32_t kMayStopNotReturn = kStatusRunning | kStatusRestartMasked;
constexpr uint32_t kLeftAlone = kMayStopNotReturn | kStatusShutdownMasked;

TEST(FilterTest, EachKindOfTargetHitsItsAppAndNobodyElse) {
  Observation seen;
  AddProgram(seen, "editor", 50);
  AddProgram(seen, "player", 51);
  AddService(seen, "nginx", 52);
  const std::vector<std::pair<Filter, std::string>> cases = {
      {NoRestart(Filter::Executable{"/usr/bin/editor"}), "editor"},
      {NoRestart(Id(51)), "player"},
      {NoRestart(Filter::Service{"nginx"}), "program-of-nginx.service"},
      {NoRestart(Filter::Service{"nginx.service"}), "program-of-nginx.service"},
      {NoRestart(Id(52)), "program-of-nginx.service"},
      {NoRestart(Filter::Executable{"/usr/bin/edit"}), ""},
      {NoRestart(Filter::Executable{"editor"}), ""},
      {NoRestart(ProcessId{51, 1}), ""},
      {NoRestart(Filter::Service{"user:1000/nginx"}), ""},
      {NoRestart(Filter::Service{"not a name"}), ""},
  };
  for (size_t i = 0; i < cases.size(); ++i)
    for (const App& app : Filtered(seen, {cases[i].first}))
      EXPECT_EQ(app.status, app.name == cases[i].second ? kMayStopNotReturn : kStatusRunning)
          << "case " << i << ", " << app.name;
}

TEST(FilterTest, AFilterOnOneWorkerOfAServiceHitsTheService) {
  Observation seen;
  AddService(seen, "nginx", 50);
  AddProgram(seen, "nginx", 51);
  Belongs(seen, 51, "nginx", OwnerKind::kService);
  EXPECT_EQ(Filtered(seen, {NoShutdown(Id(51))})[0].status, kLeftAlone);
}

TEST(FilterTest, AFilterOnTheMainProcessHitsTheServiceAlsoIfOnlyAWorkerHolds) {
  Observation seen;
  AddService(seen, "nginx", 50);
  seen.holdings.clear();
  AddProgram(seen, "nginx", 51);
  Belongs(seen, 51, "nginx", OwnerKind::kService);
  EXPECT_EQ(Filtered(seen, {NoShutdown(Id(50))})[0].status, kLeftAlone);
}

TEST(FilterTest, TheStrongestWinsInAnyOrder) {
  Observation seen;
  AddProgram(seen, "editor", 50);
  const Filter weak = NoRestart(Id(50));
  const Filter strong = NoShutdown(Filter::Executable{"/usr/bin/editor"});
  EXPECT_EQ(Filtered(seen, {weak, strong})[0].status, kLeftAlone);
  EXPECT_EQ(Filtered(seen, {strong, weak})[0].status, kLeftAlone);
}

TEST(FilterTest, ARemovedFilterIsForgotten) {
  Observation seen;
  AddProgram(seen, "editor", 50);
  auto apps = Filtered(seen, {NoShutdown(Id(50))});
  ApplyFilters({}, apps);
  EXPECT_EQ(apps[0].status, kStatusRunning);
}

TEST(FilterTest, WhoIsLeftAloneIsNoReasonToReboot) {
  Observation seen;
  AddProgram(seen, "apt", 900);
  auto apps = Look(seen);
  EXPECT_EQ(RebootReasons(apps), kReasonDetectedSelf);
  ApplyFilters({NoRestart(Id(900))}, apps);
  EXPECT_EQ(RebootReasons(apps), kReasonDetectedSelf);
  ApplyFilters({NoShutdown(Id(900))}, apps);
  EXPECT_EQ(RebootReasons(apps), 0u);
}

TEST(FilterTest, TheReasonsOfEveryoneAreTogetherButNotOfWhoIsGone) {
  Observation seen;
  AddProgram(seen, "apt", 900);
  AddProgram(seen, "kernel", 50).kernel_thread = true;
  AddService(seen, "dbus", 51);
  auto apps = Look(seen);
  EXPECT_EQ(RebootReasons(apps),
            kReasonDetectedSelf | kReasonCriticalProcess | kReasonCriticalService);
  for (App& app : apps)
    if (app.main == Id(50)) app.status = kStatusStoppedOther;
  EXPECT_EQ(RebootReasons(apps), kReasonDetectedSelf | kReasonCriticalService);
}

}  // namespace
}  // namespace rm
