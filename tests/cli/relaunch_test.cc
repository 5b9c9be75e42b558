// What becomes of a program that was brought back, and is that what restartctl says?
#include <fstream>

#include "restartctl.h"

namespace rm::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

// `bash` that has the file open and waits, and does something else when it is started again.
class BroughtBack : public RestartctlTest {
 protected:
  BroughtBack() {
    std::ofstream(In("program")) << "exec 8<>gate 9<libdemo.so.1; if [ -e was-here ]; then "
                                    ". ./again; fi; echo $$ >>pids; echo $$ >pid; : >was-here; "
                                    "read -u 8\n";
  }

  std::string In(const std::string& name) const { return holders_.directory() + "/" + name; }

  // `command` starts the program, which does `again` when it is started again.
  Said Shell(const std::string& command, const std::string& again, const std::string& script) {
    std::ofstream(In("again")) << again << "\n";
    return cli::Shell("bash", "cd " + holders_.directory() + "; mkfifo gate; setsid " + command +
                                  " </dev/null >/dev/null 2>&1 & cd " + holders_.directory() +
                                  "; until [ -e was-here ]; do :; done; " + script);
  }
};

// It loaded its new library, could not, and was said to be back.
TEST_F(BroughtBack, WhoEndsAtOnceIsNotBackAndIsOwed) {
  const Said said =
      Shell("bash ./program", "[ -e good ] || exit 3",
            "$R run --relaunch -f libdemo.so.1 -- rm pid; s=$?; $R session show; : >good; "
            "$R recover | tee back; ! grep -q back$ back || until [ -e pid ]; do :; done; kill "
            "$(cat pid); exit $s");
  EXPECT_EQ(said.status, 122) << said.err;
  EXPECT_THAT(said.err, HasSubstr("did not come back: it ended at once"));
  EXPECT_THAT(said.err, Not(HasSubstr("restarted: bash")));
  EXPECT_THAT(said.out, HasSubstr("owes a start to bash"));
  EXPECT_THAT(said.out, HasSubstr(" is back"));
}

TEST_F(BroughtBack, WhoPutsItselfIntoTheBackgroundIsBack) {
  const Said said = Shell("bash ./program", "read -u 8 & echo $! >pid; exit 0",
                          "$R run --relaunch -f libdemo.so.1 -- true; s=$?; $R session show; "
                          "kill $(cat pid); exit $s");
  EXPECT_EQ(said.status, 0) << said.err;
  EXPECT_EQ(said.out, "");
}

// There were two of it.
TEST_F(BroughtBack, WhoIsStartedAgainByItsParentIsNotStartedBesideIt) {
  std::ofstream(In("supervise")) << "while true; do bash ./program; done\n";
  const Said said = Shell("bash ./supervise", "",
                          "$R run --relaunch -f libdemo.so.1 -- "
                          "sh -c 'until [ $(wc -l <pids) = 2 ]; do :; done'; s=$?; "
                          "$R who libdemo.so.1 | wc -l; kill $! $(cat pids); exit $s");
  EXPECT_EQ(said.status, 0) << said.err;
  EXPECT_EQ(said.out, "1\n");
}

// Two of it ran as soon as the supervisor had waited long enough.
TEST_F(BroughtBack, WhoIsLeftToItsSupervisorIsOwedAsLongAsThatLives) {
  std::ofstream(In("supervise")) << "while true; do bash ./program; sleep 1000; done\n";
  const Said said =
      Shell("bash ./supervise", "",
            "$R run --relaunch -f libdemo.so.1 -- true; s=$?; $R who libdemo.so.1 | wc -l; "
            "$R recover; $R who libdemo.so.1 | wc -l; rm pid; kill $!; kill $(pgrep -P $! sleep); "
            "$R recover >/dev/null && until [ -e pid ]; do :; done; "
            "$R who libdemo.so.1 | wc -l; kill $(cat pid); exit $s");
  EXPECT_EQ(said.status, 122) << said.err;
  EXPECT_THAT(said.err, HasSubstr("it is left to bash (pid "));
  EXPECT_EQ(said.out.substr(0, 2), "0\n");
  EXPECT_TRUE(said.out.ends_with("0\n1\n")) << said.out << said.err;
}

TEST_F(BroughtBack, WhatASupervisorStartsALittleLaterIsWhatIsBroughtBack) {
  std::ofstream(In("supervise")) << "while true; do bash ./program; sleep 0.3; done\n";
  const Said said = Shell("bash ./supervise", "",
                          "$R run --relaunch -f libdemo.so.1 -- true; s=$?; "
                          "$R who libdemo.so.1 | wc -l; kill $! $(cat pids); exit $s");
  EXPECT_EQ(said.status, 0) << said.err;
  EXPECT_EQ(said.out, "1\n");
}

TEST_F(BroughtBack, SupervisorsAreKnownByName) {
  std::ofstream(In("runsv")) << "#!/bin/bash\nbash ./program; exec 7<>gate; read -u 7\n";
  const Said said = Shell("bash -c 'chmod +x runsv; exec ./runsv'", "",
                          "$R run --relaunch -f libdemo.so.1 -- true; s=$?; "
                          "$R who libdemo.so.1 | wc -l; kill $!; exit $s");
  EXPECT_EQ(said.status, 122) << said.err;
  EXPECT_THAT(said.err, HasSubstr("it is left to runsv (pid "));
  EXPECT_EQ(said.out, "0\n");
}

// A shell that somebody works in has nothing to do with who ends in it.
TEST_F(BroughtBack, WhoWasStartedByAShellThatOnlyGoesOnComesBackAtOnce) {
  std::ofstream(In("script")) << "bash ./program; exec 7<>gate; read -u 7\n";
  const Said said = Shell("bash ./script", "",
                          "$R run --relaunch -f libdemo.so.1 -- rm pid; s=$?; "
                          "until [ -e pid ]; do :; done; kill $! $(cat pid); exit $s");
  EXPECT_EQ(said.status, 0) << said.err;
}

}  // namespace
}  // namespace rm::cli
