#include "cli/text.h"

#include <gmock/gmock.h>

namespace rm::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

api::App Nginx() {
  api::App app;
  app.main = {12, {}};
  app.type = RmService;
  app.status = RmStatusRunning;
  app.name = "A web server";
  app.unit = "nginx.service";
  app.come_back = RmxComeBackService;
  app.processes = {{12, {}}, {13, {}}};
  app.holdings = {{{12, {}}, RmxHoldMapping, -1, true, "/usr/lib/libfoo.so.1"},
                  {{13, {}}, RmxHoldMapping, -1, true, "/usr/lib/libfoo.so.1"},
                  {{13, {}}, RmxHoldDescriptor, 3, false, "/etc/foo"}};
  return app;
}

TEST(Text, OneLineTellsWhoUsesWhatAndWhetherItComesBack) {
  EXPECT_EQ(AppLine(Nginx()),
            "nginx.service (A web server), service, pids 12 13: maps /usr/lib/libfoo.so.1 "
            "(replaced), fd 3 /etc/foo; comes back: its service manager starts it");
}

TEST(Text, APlainProcessIsCalledByItsNameAndPid) {
  EXPECT_EQ(NameOf("sleep", "", 7), "sleep (pid 7)");
  EXPECT_EQ(NameOf("sleep", "session-3.scope", 7), "sleep (pid 7)");
  EXPECT_EQ(NameOf("A web server", "nginx.service", 12), "nginx.service");
}

TEST(Text, WhoCannotBeStoppedStays) {
  api::App app = Nginx();
  app.why_not_stoppable = "it is the message bus";
  EXPECT_THAT(AppLine(app), HasSubstr("; stays: it is the message bus"));
}

TEST(Text, WhyAProgramDoesNotComeBackIsSaid) {
  api::App app = Nginx();
  app.come_back = RmxComeBackNot;
  EXPECT_EQ(ComeBackText(app), "does not come back");
  app.why_not_back = "it reads from a pipe";
  EXPECT_EQ(ComeBackText(app), "does not come back: it reads from a pipe");
}

TEST(Text, AStatusOtherThanRunningIsSaid) {
  api::App app = Nginx();
  app.status = RmStatusStopped | RmStatusErrorOnRestart;
  EXPECT_THAT(AppLine(app), HasSubstr("(A web server), stopped, error_on_restart, service"));
}

TEST(Text, ANameCannotForgeALineOrMoveTheCursor) {
  EXPECT_EQ(Printable("a\nb\x1b[2Jc\x7f"), "a\\x0ab\\x1b[2Jc\\x7f");
  EXPECT_EQ(Printable("\xc2\x9b"
                      "2J"),
            "\\xc2\\x9b2J");
  EXPECT_EQ(Printable("Grüße 漢"), "Grüße 漢");
}

TEST(Text, ReasonsAndStatusesAreWords) {
  EXPECT_THAT(ReasonWords(RmRebootReasonCriticalProcess | RmRebootReasonDetectedSelf),
              ElementsAre("critical_process", "detected_self"));
  EXPECT_THAT(StatusWords(RmStatusRunning | RmStatusShutdownMasked),
              ElementsAre("running", "shutdown_masked"));
}

TEST(Text, WhatCouldNotBeLookedAtIsCounted) {
  api::AppList list;
  EXPECT_TRUE(BlindSpots(list, false).empty());
  list.unreadable = {1, 2, 3};
  EXPECT_THAT(BlindSpots(list, false),
              ElementsAre("unreadable: 3 processes; run as root to see them"));
  list.unreadable = {0, 2};
  EXPECT_THAT(
      BlindSpots(list, false),
      ElementsAre("hidden: processes that /proc does not show (hidepid); run as root to see them",
                  "unreadable: 1 process; run as root to see them"));
  list = {.unreadable = {7}, .unanswered = {0, 7}, .in_flight = {8}, .unreachable = {"/dead/x"}};
  EXPECT_THAT(BlindSpots(list, true),
              ElementsAre(Not(HasSubstr("run as root")), HasSubstr("the kernel itself"),
                          HasSubstr("pid 7"), HasSubstr("pid 8"), HasSubstr("/dead/x")));
}

TEST(Text, WhoseSessionItIsIsToldAlsoAfterABoot) {
  api::SessionInfo session;
  session.name = "ab";
  session.owner.dwProcessId = 7;
  EXPECT_EQ(SessionLine(session), "ab: owner pid 7 (dead), 0 files, 0 processes, 0 services");
  session.owner.dwProcessId = 0;
  session.owed = {"nginx.service"};
  EXPECT_EQ(SessionLine(session),
            "ab: owner ended with an earlier boot, 0 files, 0 processes, 0 services; owes a start "
            "to nginx.service");
  session.owed = {"nginx.service", "sleep"};
  session.owed_pids = {0, 12};
  EXPECT_THAT(SessionLine(session), HasSubstr("a start to nginx.service, sleep (pid 12)"));
}

TEST(Text, APlanShowsWavesWhatIsHeldAndWhyItIsRefused) {
  api::Plan plan;
  plan.steps = {{0, "stop", "sleep", "", 7, "SIGTERM"}, {0, "skip", "bash", "", 8, "excepted"}};
  plan.held = {"a.service", "b.service"};
  EXPECT_EQ(PlanText(plan),
            "1. stop sleep (pid 7): SIGTERM\n"
            "-. skip bash (pid 8): excepted\n"
            "would not start meanwhile: a.service b.service\n");
  plan.refusal = ERROR_FAIL_SHUTDOWN;
  plan.why_refused = "sleep cannot be asked";
  EXPECT_THAT(PlanText(plan), HasSubstr("refused: sleep cannot be asked\n"));
}

// A socket was called a unit that does not exist.
TEST(Text, WhyNoServiceHasTheName) {
  EXPECT_EQ(NoSuchUnitText("nosuch", 0), "nosuch: there is no such unit; see systemctl list-units");
  EXPECT_THAT(NoSuchUnitText("ssh.socket", 0), HasSubstr("ssh.socket is no service"));
  EXPECT_THAT(NoSuchUnitText("mine", 1000), HasSubstr("user:1000/mine"));
  EXPECT_THAT(NoSuchUnitText("user:1000/mine", 1000), Not(HasSubstr("your own")));
}

}  // namespace
}  // namespace rm::cli
