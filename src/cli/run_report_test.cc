#include "cli/run_report.h"

#include <gmock/gmock.h>
#include <restartmanager.h>
#include <signal.h>

#include <cerrno>

#include "cli/exit_codes.h"
#include "cli/json.h"

namespace rm::cli {
namespace {

using ::testing::HasSubstr;

constexpr int kExited7 = 7 << 8;

TEST(RunReport, TheCommandsOwnStatusCountsWhenEverythingIsBack) {
  RunReport report;
  report.command_status = kExited7;
  report.restarted = {{"nginx.service", ""}};
  report.left_running = {{"bash (pid 3)", "maps /lib/x"}};
  EXPECT_EQ(ExitCodeOf(report, 0), 7);
  report.command_status = SIGTERM;
  EXPECT_EQ(ExitCodeOf(report, 0), 128 + SIGTERM);
}

TEST(RunReport, WhatDidNotComeBackOutweighsTheCommandsStatusWhichIsStillSaid) {
  RunReport report;
  report.command_status = kExited7;
  report.failed = {{"nginx.service", "it exited with 1"}};
  report.exit_code = ExitCodeOf(report, 0);
  EXPECT_EQ(report.exit_code, kExitNotBack);
  EXPECT_EQ(ReportText(report),
            "restartctl: failed to restart: nginx.service: it exited with 1\n"
            "restartctl: not everything came back; the command itself ended with status 7\n");
  EXPECT_THAT(SummaryJson(report), HasSubstr(R"("command":{"exit_code":7,"signal":null})"));
}

TEST(RunReport, WhatHasNoWayBackDidNotComeBack) {
  RunReport report;
  report.command_status = 0;
  report.not_restarted = {{"vi (pid 9)", "it did not register"}};
  EXPECT_EQ(ExitCodeOf(report, 0), kExitNotBack);
}

TEST(RunReport, WithoutACommandItIsWhyThereWasNone) {
  EXPECT_EQ(ExitCodeOf({}, kExitCancelled), kExitCancelled);
}

TEST(ExitCodes, EachFailureHasItsOwn) {
  EXPECT_EQ(ExitCodeOfError(ERROR_SUCCESS), 0);
  EXPECT_EQ(ExitCodeOfError(ERROR_FAIL_SHUTDOWN), 120);
  EXPECT_EQ(ExitCodeOfError(ERROR_FAIL_NOACTION_REBOOT), 121);
  EXPECT_EQ(ExitCodeOfError(ERROR_FAIL_RESTART), 122);
  EXPECT_EQ(ExitCodeOfError(ERROR_CANCELLED), 123);
  EXPECT_EQ(ExitCodeOfError(ERROR_BAD_ARGUMENTS), 124);
  EXPECT_EQ(ExitCodeOfError(ERROR_WRITE_FAULT), 125);
  EXPECT_EQ(ExitCodeOfExec(EACCES), 126);
  EXPECT_EQ(ExitCodeOfExec(ENOENT), 127);
}

TEST(Json, ANameThatIsNoUtf8DoesNotBreakTheLine) {
  EXPECT_EQ(ErrorJson("a\xff"
                      "b\n"),
            "{\"event\":\"error\",\"text\":\"a\xEF\xBF\xBD"
            "b\\n\"}");
}

}  // namespace
}  // namespace rm::cli
