#include "plan/stop_plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/win32_codes.h"
#include "fakes/small_world.h"

namespace rm {
namespace {

using namespace test;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAre;

constexpr uint32_t kNeither = kStatusShutdownMasked | kStatusRestartMasked;

StopPlan PlanOf(std::vector<App> apps, const ComeBackSources& sources = {},
                StopOptions options = {}) {
  return PlanStop(std::move(apps), sources, options);
}

std::vector<std::string> Debts(const StopPlan& plan) {
  std::vector<std::string> names;
  for (const Debt& debt : plan.debts)
    names.push_back(debt.unit ? ToString(*debt.unit) : debt.app_name);
  return names;
}

std::vector<std::string> Held(const StopPlan& plan) {
  std::vector<std::string> names;
  for (const UnitRef& unit : plan.held) names.push_back(ToString(unit));
  return names;
}

// "consoles: editor player"
std::vector<std::string> Waves(const StopPlan& plan) {
  std::vector<std::string> waves;
  for (const StopWave& wave : plan.waves) {
    std::string line = wave.name + ":";
    for (size_t app : wave.apps) line += " " + plan.apps[app].name;
    waves.push_back(line);
  }
  return waves;
}

// --- the order
// -------------------------------------------------------------------------------------

TEST(StopPlanTest, NothingAffectedIsAnEmptyPlan) {
  const StopPlan plan = PlanOf({});
  EXPECT_THAT(plan.waves, IsEmpty());
  EXPECT_THAT(plan.debts, IsEmpty());
  EXPECT_THAT(plan.held, IsEmpty());
  EXPECT_EQ(plan.refusal, 0u);
}

TEST(StopPlanTest, WindowsThenConsolesThenServicesThenTheShell) {
  const StopPlan plan =
      PlanOf({Program("shell", 1, AppType::kExplorer), Service("nginx", 2), Program("player", 3),
              Program("helper", 4, AppType::kUnknown), Program("hidden", 5, AppType::kOtherWindow),
              Program("mail", 6, AppType::kMainWindow), Service("db", 7)},
             {}, {.force = true});
  EXPECT_THAT(Waves(plan), ElementsAre("windows: hidden mail", "consoles: player helper",
                                       "services: nginx db", "shell: shell"));
  EXPECT_EQ(plan.refusal, 0u);
}

TEST(StopPlanTest, WhoIsMaskedGoneOrOnlyInTheDirectoryIsInNoWaveAndOwesNothing) {
  App gone = Service("gone", 1);
  gone.status = kStatusStopped;
  App visitor = Program("visitor", 2);
  visitor.only_directories = true;
  const StopPlan plan = PlanOf({gone, visitor, Masked(Service("kept", 3), kNeither)});
  EXPECT_THAT(plan.apps, SizeIs(3));
  EXPECT_THAT(plan.waves, IsEmpty());
  EXPECT_THAT(plan.debts, IsEmpty());
  EXPECT_EQ(plan.refusal, 0u);
}

// --- refusals
// ------------------------------------------------------------------------------------------

TEST(RefusalTest, AReasonToRebootRefusesEverythingEvenWithForce) {
  for (bool force : {false, true}) {
    const StopPlan plan = PlanOf({Program("editor", 1), Critical("bus", 2, kReasonCriticalService),
                                  Critical("other", 3, kReasonPermissionDenied)},
                                 {}, {.force = force});
    EXPECT_EQ(plan.refusal, kFailNoActionReboot);
    EXPECT_THAT(plan.why_refused, HasSubstr("bus (pid 2) cannot be stopped: the machine needs it"));
    EXPECT_EQ(plan.reasons, kReasonCriticalService | kReasonPermissionDenied);
    EXPECT_THAT(Waves(plan), ElementsAre("consoles: editor"));
  }
}

TEST(RefusalTest, AReasonOfSomebodyMaskedDoesNotCount) {
  const StopPlan plan =
      PlanOf({Program("editor", 1), Masked(Critical("self", 2, kReasonDetectedSelf), kNeither)});
  EXPECT_EQ(plan.refusal, 0u);
  EXPECT_EQ(plan.reasons, 0u);
}

TEST(RefusalTest, RebootComesBeforeEverythingElse) {
  const StopPlan plan =
      PlanOf({Program("helper", 1, AppType::kUnknown), Critical("bus", 2, kReasonCriticalService)},
             {}, {.only_registered = true});
  EXPECT_EQ(plan.refusal, kFailNoActionReboot);
}

TEST(RefusalTest, WhoCannotBeAskedNeedsForce) {
  const std::vector<App> apps = {Program("helper", 1, AppType::kUnknown)};
  const StopPlan plan = PlanOf(apps);
  EXPECT_EQ(plan.refusal, kFailShutdown);
  EXPECT_THAT(plan.why_refused, HasSubstr("helper (pid 1) cannot be asked"));
  EXPECT_EQ(PlanOf(apps, {}, {.force = true}).refusal, 0u);
  EXPECT_EQ(PlanOf({Masked(apps[0], kNeither)}).refusal, 0u);
}

TEST(RefusalTest, OnlyRegisteredRefusesForOneThatWouldStayDown) {
  const StopOptions only{.only_registered = true};
  const StopPlan plan = PlanOf({Service("nginx", 1), Program("editor", 2)}, {}, only);
  EXPECT_EQ(plan.refusal, kFailShutdown);
  EXPECT_THAT(plan.why_refused, HasSubstr("editor (pid 2) would not come back: it did not"));
  EXPECT_EQ(PlanOf({Program("editor", 2)}, {}, {.force = true, .only_registered = true}).refusal,
            kFailShutdown);
  EXPECT_EQ(PlanOf({Service("nginx", 1)}, {}, only).refusal, 0u);
  EXPECT_EQ(PlanOf({Masked(Program("editor", 2), kNeither)}, {}, only).refusal, 0u);
}

TEST(RefusalTest, AUnitThatAFilterKeepsIsNotTakenAlong) {
  App base = Service("base", 1);
  base.goes_along = {Unit("web"), Unit("db")};
  ComeBackSources sources;
  sources.kept = {Unit("db")};
  const StopPlan plan = PlanOf({base}, sources, {.force = true});
  EXPECT_EQ(plan.refusal, kFailShutdown);
  EXPECT_EQ(plan.why_refused, "base.service would take db.service down, which a filter keeps");
}

TEST(RefusalTest, AServiceKeptByItsExecutableOrProcessWasTakenAlongAllTheSame) {
  App base = Service("base", 1);
  base.goes_along = {Unit("db")};
  const StopPlan plan = PlanOf({base, Masked(Service("db", 2), kNeither)});
  EXPECT_EQ(plan.refusal, kFailShutdown);
  EXPECT_THAT(plan.why_refused, HasSubstr("would take db.service down"));
}

// --- what is owed
// --------------------------------------------------------------------------------------

TEST(DebtTest, AServiceOwesItselfAndWhatGoesAlongOnce) {
  App base = Service("base", 1);
  base.goes_along = {Unit("web"), Unit("user:1000/tray.service")};
  App other = Service("other", 2);
  other.goes_along = {Unit("web"), Unit("base")};
  const StopPlan plan = PlanOf({base, other, Service("web", 3)});
  EXPECT_THAT(Debts(plan), ElementsAre("base.service", "web.service", "user:1000/tray.service",
                                       "other.service"));
  EXPECT_EQ(Held(plan), Debts(plan));
  for (const Debt& debt : plan.debts) {
    EXPECT_EQ(debt.state, DebtState::kPlanned);
    EXPECT_EQ(debt.process, std::nullopt);
  }
  EXPECT_THAT(DebtsOf(plan, 0), UnorderedElementsAre(0, 1, 2));
  EXPECT_THAT(DebtsOf(plan, 1), UnorderedElementsAre(0, 1, 3));
  EXPECT_THAT(DebtsOf(plan, 2), UnorderedElementsAre(1));
}

TEST(DebtTest, AProgramThatIsRelaunchedOwesWhatWasCaptured) {
  App editor = Program("editor", 1);
  editor.come_back = ComeBack::kRelaunched;
  ComeBackSources sources;
  sources.captured[Id(1)] =
      RelaunchSpec{.was = Id(1), .executable = "/bin/ed", .arguments = {"ed", "file"}};
  const StopPlan plan = PlanOf({editor}, sources);
  ASSERT_THAT(Debts(plan), ElementsAre("editor"));
  EXPECT_THAT(plan.debts[0].process->arguments, ElementsAre("ed", "file"));
  EXPECT_THAT(plan.held, IsEmpty());
  EXPECT_THAT(DebtsOf(plan, 0), ElementsAre(0));
}

TEST(DebtTest, AProgramThatRegisteredOwesTheCommandLineItRegistered) {
  App editor = Program("editor", 1);
  editor.come_back = ComeBack::kRegistered;
  ComeBackSources sources;
  sources.captured[Id(1)] =
      RelaunchSpec{.was = Id(1), .executable = "/dir with blank/ed", .arguments = {"ed", "file"}};
  sources.registered[Id(1)] = RestartRegistration{{"-t", "x y"}};
  const StopPlan plan = PlanOf({editor}, sources);
  ASSERT_THAT(plan.debts, SizeIs(1));
  EXPECT_EQ(plan.debts[0].process->executable, "/dir with blank/ed");
  EXPECT_THAT(plan.debts[0].process->arguments, ElementsAre("/dir with blank/ed", "-t", "x y"));
}

TEST(DebtTest, WhoComesBackWithItsParentOrNotAtAllOwesNothing) {
  App worker = Program("worker", 1);
  worker.come_back = ComeBack::kWithParent;
  ComeBackSources sources;
  sources.captured[Id(1)] = sources.captured[Id(2)] = RelaunchSpec{};
  EXPECT_THAT(PlanOf({worker, Program("editor", 2)}, sources).debts, IsEmpty());
}

TEST(DebtTest, NoRestartStopsWithoutADebt) {
  App editor = Masked(Program("editor", 1), kStatusRestartMasked);
  editor.come_back = ComeBack::kRelaunched;
  ComeBackSources sources;
  sources.captured[Id(1)] = RelaunchSpec{.was = Id(1)};
  const StopPlan plan =
      PlanOf({editor, Masked(Service("nginx", 2), kStatusRestartMasked)}, sources);
  EXPECT_THAT(Waves(plan), ElementsAre("consoles: editor", "services: nginx"));
  EXPECT_THAT(plan.debts, IsEmpty());
  EXPECT_THAT(plan.held, IsEmpty());
}

TEST(DebtTest, ADependentThatWasToStayDownWasOwedByTheServiceItGoesAlongWith) {
  App base = Service("base", 1);
  base.goes_along = {Unit("web"), Unit("db")};
  const StopPlan plan = PlanOf({base, Masked(Service("web", 2), kStatusRestartMasked)});
  EXPECT_THAT(Debts(plan), ElementsAre("base.service", "db.service"));
}

// --- what is held
// --------------------------------------------------------------------------------------

TEST(HeldTest, ARegisteredServiceIsHeldAlsoWhenItIsDown) {
  ComeBackSources sources;
  sources.services = {Unit("down"), Unit("nginx")};
  const StopPlan plan = PlanOf({Service("nginx", 1)}, sources);
  EXPECT_THAT(Held(plan), ElementsAre("nginx.service", "down.service"));
  EXPECT_THAT(Debts(plan), ElementsAre("nginx.service"));
}

TEST(HeldTest, ARegisteredServiceThatAFilterKeepsIsNotHeld) {
  ComeBackSources sources;
  sources.services = {Unit("nginx")};
  EXPECT_THAT(PlanOf({Masked(Service("nginx", 1), kNeither)}, sources).held, IsEmpty());
}

TEST(HeldTest, ADownServiceThatAFilterKeepsWasHeld) {
  ComeBackSources sources;
  sources.services = {Unit("down")};
  sources.kept = {Unit("down")};
  EXPECT_THAT(PlanOf({}, sources).held, IsEmpty());
}

TEST(HeldTest, ARegisteredServiceThatWasStoppedBeforeWasNotHeldTheSecondTime) {
  App stopped = Service("nginx", 1);
  stopped.status = kStatusStopped;
  ComeBackSources sources;
  sources.services = {Unit("nginx")};
  EXPECT_THAT(Held(PlanOf({stopped}, sources)), ElementsAre("nginx.service"));
}

}  // namespace
}  // namespace rm
