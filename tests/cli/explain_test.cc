#include <unistd.h>

#include "restartctl.h"

namespace rm::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

class Explain : public RestartctlTest {};

TEST_F(Explain, SaysOfAProcessWhatItIsAndWhatWouldBecomeOfIt) {
  Start(1);
  const std::string pid = std::to_string(Pids(1)[0]);
  const Said said = Restartctl({"explain", pid});
  EXPECT_THAT(said.out, HasSubstr("(pid " + pid + ")\n"));
  EXPECT_THAT(said.out, HasSubstr("type:        console, because SIGTERM reaches it\n"));
  EXPECT_THAT(said.out, HasSubstr("processes:   " + pid + "\n"));
  EXPECT_THAT(said.out, HasSubstr("owner:       itself: a plain process; user "));
  EXPECT_THAT(said.out, HasSubstr("stopped by:  SIGTERM\n"));
  EXPECT_THAT(said.out, HasSubstr("comes back:  "));
  EXPECT_THAT(said.err, IsEmpty());
}

TEST_F(Explain, NamesWhatANewProcessWouldLack) {
  const Said said = Shell("bash",
                          "sleep 100 < <(:) >/dev/null 2>&1 & pid=$!; "
                          "until grep -q sleep /proc/$pid/comm; do :; done; "
                          "$R explain $pid; status=$?; kill $pid; exit $status");
  EXPECT_THAT(said.out, HasSubstr("would lack:  "));
  EXPECT_EQ(said.status, 122);
}

TEST_F(Explain, WhoRunsItCannotBeStoppedByIt) {
  const Said said = Shell("sh", "$R explain $$; exit $?");
  EXPECT_THAT(said.out, HasSubstr("type:        critical, because "));
  EXPECT_THAT(said.out, HasSubstr("stopped by:  it is not stopped\n"));
  EXPECT_EQ(said.status, 121);
}

TEST_F(Explain, WhoIgnoresTheSignalNeedsForce) {
  const Said said = Shell("sh",
                          "(trap '' TERM; exec setsid sleep 100 </dev/null >/dev/null 2>&1) & "
                          "pid=$!; until grep -q sleep /proc/$pid/comm; do :; done; "
                          "$R explain $pid; status=$?; kill -KILL $pid; exit $status");
  EXPECT_THAT(said.out, HasSubstr("type:        unknown, because it ignores SIGTERM"));
  EXPECT_EQ(said.status, 120);
}

TEST_F(Explain, JsonIsOneObject) {
  Start(1);
  const Said said = Restartctl({"explain", "--json", std::to_string(Pids(1)[0])});
  EXPECT_THAT(said.out, HasSubstr(R"("why_type":"SIGTERM reaches it")"));
  EXPECT_THAT(said.out, HasSubstr(R"("how_stopped":"SIGTERM")"));
  EXPECT_THAT(said.out, HasSubstr(R"("cannot_restore":[)"));
  EXPECT_EQ(std::count(said.out.begin(), said.out.end(), '\n'), 1);
}

TEST_F(Explain, WhatIsNotThereIsAMistakeWithItsName) {
  for (const char* subject : {"0", "999999999", "99999999999999999999", "no/unit", "-5"}) {
    const Said said = Restartctl({"explain", "--", subject});
    EXPECT_EQ(said.status, 124) << subject << said.err;
    EXPECT_THAT(said.out, IsEmpty());
    EXPECT_THAT(said.err, HasSubstr("restartctl: "));
  }
}

}  // namespace
}  // namespace rm::cli
