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

}  // namespace
}  // namespace rm::cli
