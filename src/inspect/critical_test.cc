#include "inspect/critical.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "fakes/small_world.h"

namespace rm {
namespace {

using namespace test;
using ::testing::HasSubstr;

constexpr uid_t kUser = 1000;
constexpr pid_t kSelf = 900;
constexpr pid_t kTerminal = 901;  // the caller's parent
constexpr pid_t kSshd = 902;      // and its parent

// Everyone who holds the file, seen by a caller in session-3.scope below sshd.
struct World {
  Observation seen;
  Onlooker onlooker{Id(kSelf),
                    {Id(kTerminal), Id(kSshd)},
                    0,
                    Owner{Unit("session-3.scope"), OwnerKind::kLoginSession, 3}};
};

struct Case {
  std::string name;
  std::function<void(World&)> make;
  AppType type;
  uint32_t reason;
  std::string why;  // what the sentence says; "" when there is none
};

class VerdictTest : public ::testing::TestWithParam<Case> {};

TEST_P(VerdictTest, TypeReasonAndSentence) {
  World world;
  GetParam().make(world);
  const auto apps = AffectedApps({}, world.seen, world.onlooker, false);
  ASSERT_EQ(apps.size(), 1u);
  EXPECT_EQ(apps[0].type, GetParam().type);
  EXPECT_EQ(apps[0].reasons, GetParam().reason);
  EXPECT_THAT(apps[0].why_not_stoppable, HasSubstr(GetParam().why));
  EXPECT_EQ(apps[0].why_not_stoppable.empty(), GetParam().why.empty());
  EXPECT_EQ(RebootReasons(apps), GetParam().reason);
}

const Case kCases[] = {
    {"Program", [](World& w) { AddProgram(w.seen, "editor", 50); }, AppType::kConsole, 0, ""},
    {"SystemService", [](World& w) { AddService(w.seen, "nginx", 50); }, AppType::kService, 0, ""},

    {"KernelThread", [](World& w) { AddProgram(w.seen, "loop0", 50).kernel_thread = true; },
     AppType::kCritical, kReasonCriticalProcess, "kernel thread"},
    {"Init", [](World& w) { AddProgram(w.seen, "systemd", 1); }, AppType::kCritical,
     kReasonCriticalProcess, "init"},
    {"InitOfAnotherKind", [](World& w) { AddProgram(w.seen, "runit", 1); }, AppType::kCritical,
     kReasonCriticalProcess, "init"},
    {"UserManager",
     [](World& w) {
       AddProgram(w.seen, "systemd", 50);
       Belongs(w.seen, 50, "init.scope", OwnerKind::kOther);
     },
     AppType::kCritical, kReasonCriticalProcess, "service manager"},
    {"UserManagersPam",
     [](World& w) { AddProgram(w.seen, "(sd-pam)", 50).executable = "/usr/lib/systemd/systemd"; },
     AppType::kCritical, kReasonCriticalProcess, "service manager"},
    {"DisplayServer",
     [](World& w) { AddProgram(w.seen, "Xorg", 50).executable = "/usr/lib/xorg/Xorg"; },
     AppType::kCritical, kReasonCriticalProcess, "login session"},
    {"SessionBus", [](World& w) { AddProgram(w.seen, "dbus-daemon", 50); }, AppType::kCritical,
     kReasonCriticalProcess, "login session"},

    {"Self", [](World& w) { AddProgram(w.seen, "apt", kSelf); }, AppType::kCritical,
     kReasonDetectedSelf, "caller itself"},
    {"Ancestor", [](World& w) { AddProgram(w.seen, "bash", kTerminal); }, AppType::kCritical,
     kReasonDetectedSelf, "started by it"},
    {"AncestorOfTheSamePidThatIsNoAncestor",
     [](World& w) {
       AddProgram(w.seen, "bash", kTerminal);
       w.onlooker.ancestors = {ProcessId{kTerminal, 1}};
     },
     AppType::kConsole, 0, ""},
    {"LoginServerAboveTheCaller", [](World& w) { AddService(w.seen, "ssh", kSshd); },
     AppType::kService, 0, ""},
    {"UserServiceAboveTheCaller",
     [](World& w) { AddService(w.seen, "user:1000/terminal-server.service", kTerminal); },
     AppType::kCritical, kReasonDetectedSelf, "started by it"},
    {"OwnService",
     [](World& w) {
       AddService(w.seen, "packagekit", 50);
       w.onlooker.owner = Owner{Unit("packagekit"), OwnerKind::kService};
     },
     AppType::kCritical, kReasonDetectedSelf, "runs in it"},
    {"OwnApplicationScope",
     [](World& w) {
       AddProgram(w.seen, "kgx", 50);
       Belongs(w.seen, 50, "user:1000/app-kgx.scope", OwnerKind::kAppScope);
       w.onlooker.owner = Owner{Unit("user:1000/app-kgx.scope"), OwnerKind::kAppScope};
     },
     AppType::kCritical, kReasonDetectedSelf, "runs in it"},
    {"TakesTheCallersUnitDown",
     [](World& w) {
       AddService(w.seen, "base", 50).goes_along = {Unit("packagekit")};
       w.onlooker.owner = Owner{Unit("packagekit"), OwnerKind::kService};
     },
     AppType::kCritical, kReasonDetectedSelf, "packagekit.service, in which the caller runs"},
    {"NeighbourInTheCallersLoginSession",
     [](World& w) {
       AddProgram(w.seen, "editor", 50);
       Belongs(w.seen, 50, "session-3.scope", OwnerKind::kLoginSession);
     },
     AppType::kConsole, 0, ""},

    {"OtherUsersProgram",
     [](World& w) {
       w.onlooker.uid = kUser;
       ProcessFacts& editor = AddProgram(w.seen, "editor", 50);
       editor.uid = editor.euid = 1001;
     },
     AppType::kCritical, kReasonPermissionDenied, "uid 1001"},
    {"HolderThatIsHidden", [](World& w) { AddProgram(w.seen, "", 50).hidden = true; },
     AppType::kCritical, kReasonPermissionDenied, "needs root"},
    {"OwnProgramThatIsRootNow",
     [](World& w) {
       w.onlooker.uid = kUser;
       ProcessFacts& editor = AddProgram(w.seen, "editor", 50);
       editor.uid = kUser;
       editor.euid = 0;
     },
     AppType::kCritical, kReasonPermissionDenied, "needs root"},
    {"OtherUsersProgramForRoot",
     [](World& w) {
       ProcessFacts& editor = AddProgram(w.seen, "editor", 50);
       editor.uid = editor.euid = 1001;
     },
     AppType::kConsole, 0, ""},
    {"SystemServiceForAUser",
     [](World& w) {
       w.onlooker.uid = kUser;
       AddService(w.seen, "nginx", 50);
     },
     AppType::kCritical, kReasonPermissionDenied, "needs root"},
    {"OtherUsersServiceForAUser",
     [](World& w) {
       w.onlooker.uid = kUser;
       AddService(w.seen, "user:1001/x.service", 50);
     },
     AppType::kCritical, kReasonPermissionDenied, "needs root"},
    {"OwnServiceOfAUser",
     [](World& w) {
       w.onlooker.uid = kUser;
       AddService(w.seen, "user:1000/x.service", 50);
     },
     AppType::kService, 0, ""},

    {"Container",
     [](World& w) {
       AddProgram(w.seen, "redis", 50);
       Belongs(w.seen, 50, "docker-abc.scope", OwnerKind::kContainer);
     },
     AppType::kCritical, kReasonSessionMismatch, "container"},
    {"OtherPidNamespace",
     [](World& w) { AddProgram(w.seen, "redis", 50).other_pid_namespace = true; },
     AppType::kCritical, kReasonSessionMismatch, "pid namespace"},
    {"ServiceInAPidNamespaceOfItsOwn",
     [](World& w) {
       AddService(w.seen, "guarded", 50);
       w.seen.processes[Id(50)].other_pid_namespace = true;
     },
     AppType::kService, 0, ""},

    {"MessageBus", [](World& w) { AddService(w.seen, "dbus", 50); }, AppType::kCritical,
     kReasonCriticalService, "cannot go on without it"},
    {"MessageBusByAnAlias",
     [](World& w) { AddService(w.seen, "bus-of-mine", 50).names.push_back("dbus.service"); },
     AppType::kCritical, kReasonCriticalService, "cannot go on without it"},
    {"UsersMessageBus", [](World& w) { AddService(w.seen, "user:1000/dbus.service", 50); },
     AppType::kCritical, kReasonCriticalService, "cannot go on without it"},
    {"TakesTheMessageBusDown",
     [](World& w) { AddService(w.seen, "base", 50).goes_along = {Unit("dbus")}; },
     AppType::kCritical, kReasonCriticalService, "dbus.service would go down"},
    {"RefusesManualStop", [](World& w) { AddService(w.seen, "vital", 50).can_stop = false; },
     AppType::kCritical, kReasonCriticalService, "RefuseManualStop"},
    {"EndsTheMachine",
     [](World& w) { AddService(w.seen, "kiosk", 50).ends_machine = "SuccessAction=poweroff"; },
     AppType::kCritical, kReasonCriticalService, "SuccessAction=poweroff"},
    {"RefusesManualStart", [](World& w) { AddService(w.seen, "vital", 50).can_start = false; },
     AppType::kCritical, kReasonCriticalService, "RefuseManualStart"},
    {"WasMaskedWhileItRuns",
     [](World& w) {
       UnitFacts& unit = AddService(w.seen, "vital", 50);
       unit.load_state = "masked";
       unit.can_start = false;
     },
     AppType::kCritical, kReasonCriticalService, "it is masked"},
    {"NobodySaysWhatItIs",
     [](World& w) {
       AddProgram(w.seen, "nginx", 50);
       Belongs(w.seen, 50, "nginx", OwnerKind::kService);
     },
     AppType::kCritical, kReasonCriticalService, "does not say what it is"},

    {"IgnoresSigterm", [](World& w) { AddProgram(w.seen, "editor", 50).ignores_term = true; },
     AppType::kUnknown, 0, ""},
    {"BlocksSigterm", [](World& w) { AddProgram(w.seen, "editor", 50).blocks_term = true; },
     AppType::kUnknown, 0, ""},
    {"IgnoresSigtermOnATerminal",
     [](World& w) {
       ProcessFacts& editor = AddProgram(w.seen, "bash", 50);
       editor.ignores_term = editor.has_terminal = true;
     },
     AppType::kConsole, 0, ""},
    {"ServiceThatIgnoresSigterm",
     [](World& w) {
       AddService(w.seen, "stubborn", 50);
       w.seen.processes[Id(50)].ignores_term = true;
     },
     AppType::kService, 0, ""},
    {"ApplicationScopeOfWhichOneIgnoresSigterm",
     [](World& w) {
       for (pid_t pid : {50, 51}) {
         AddProgram(w.seen, "browser", pid).ignores_term = pid == 51;
         Belongs(w.seen, pid, "user:1000/app-browser.scope", OwnerKind::kAppScope);
       }
     },
     AppType::kUnknown, 0, ""},
};

INSTANTIATE_TEST_SUITE_P(All, VerdictTest, ::testing::ValuesIn(kCases),
                         [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace rm
