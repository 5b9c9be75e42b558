// What has an administrator stopped since, and what has only failed to come back?
#include "machine/ended_since.h"

#include <gtest/gtest.h>

namespace rm {
namespace {

using namespace std::chrono_literals;

constexpr const char* kStopped = "the run that was stopped";

// Started after the stop, by whomever: it ran for a minute, and was told to stop.
LastRun Next() {
  LastRun last;
  last.state.active_state = "inactive";
  last.state.invocation_id = "another run";
  last.state.result = "success";
  last.type = "simple";
  last.began = 100s;
  last.became_active = 100s;
  last.left_active = 160s;
  last.main_ended = 161s;
  return last;
}

TEST(EndedSinceTest, WhatRanSinceAndWasStoppedHasEnded) {
  EXPECT_TRUE(EndedSince(kStopped, Next()));
}

TEST(EndedSinceTest, WhatIsDownSinceTheStopHasNot) {
  LastRun same = Next();
  same.state.invocation_id = kStopped;
  EXPECT_FALSE(EndedSince(kStopped, same));
}

// PID 1 forgets what nothing refers to. Sessions of earlier boots know no runs.
TEST(EndedSinceTest, OfUnknownRunsNothingIsKnown) {
  LastRun forgotten = Next();
  forgotten.state.invocation_id = "";
  EXPECT_FALSE(EndedSince(kStopped, forgotten));
  EXPECT_FALSE(EndedSince("", Next()));
}

TEST(EndedSinceTest, WhatRunsOrIsAboutToIsNotOver) {
  for (const char* up : {"active", "activating", "reloading", "deactivating"}) {
    LastRun last = Next();
    last.state.active_state = up;
    EXPECT_FALSE(EndedSince(kStopped, last)) << up;
  }
  LastRun waits = Next();
  waits.state.job = 7;
  waits.state.job_type = "start";
  EXPECT_FALSE(EndedSince(kStopped, waits));
}

TEST(EndedSinceTest, WhatIsBeingStoppedIsOver) {
  LastRun last = Next();
  last.state.active_state = "deactivating";
  last.state.job = 7;
  last.state.job_type = "stop";
  EXPECT_TRUE(EndedSince(kStopped, last));
  last.state.invocation_id = kStopped;
  EXPECT_FALSE(EndedSince(kStopped, last));
}

TEST(EndedSinceTest, AStartThatEndedAtOnceIsStillOwed) {
  LastRun last = Next();
  last.left_active = last.became_active + 100ms;
  EXPECT_FALSE(EndedSince(kStopped, last));
  last.type = "oneshot";  // a job that is done
  EXPECT_TRUE(EndedSince(kStopped, last));
}

TEST(EndedSinceTest, AStartThatFailedIsStillOwed) {
  LastRun last = Next();
  last.state.active_state = "failed";
  last.state.result = "exit-code";
  last.began = 200s;  // it never got as far as the run before
  EXPECT_FALSE(EndedSince(kStopped, last));
  last.type = "oneshot";
  EXPECT_FALSE(EndedSince(kStopped, last));
}

TEST(EndedSinceTest, ACrashIsStillOwed) {
  LastRun last = Next();
  last.state.active_state = "failed";
  last.state.result = "signal";
  last.main_ended = last.left_active - 1us;
  EXPECT_FALSE(EndedSince(kStopped, last));
}

// As Java does: 143 when it was told to end.
TEST(EndedSinceTest, WhatFailedInStoppingWasStopped) {
  LastRun last = Next();
  last.state.active_state = "failed";
  last.state.result = "exit-code";
  EXPECT_TRUE(EndedSince(kStopped, last));
  for (const char* by_pid_1 : {"watchdog", "timeout", "oom-kill"}) {
    last.state.result = by_pid_1;
    EXPECT_FALSE(EndedSince(kStopped, last)) << by_pid_1;
  }
}

}  // namespace
}  // namespace rm
