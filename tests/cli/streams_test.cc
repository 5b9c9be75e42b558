// What restartctl is started with where nobody looks after it: streams that are closed or full.
#include <fstream>

#include "restartctl.h"

namespace rm::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class Streams : public RestartctlTest {};

TEST_F(Streams, WhoIsAnsweredWithoutStandardStreams) {
  Start(1);
  for (const char* closed : {"<&-", "2>&-", "<&- 2>&-"}) {
    const Said said = Shell("sh", std::string("exec ") + closed + "; $R who " + holders_.file());
    EXPECT_EQ(said.status, 0) << closed << said.err;
    EXPECT_THAT(said.out, HasSubstr("with --relaunch")) << closed;
  }
}

TEST_F(Streams, AClosedOutputTakesNoAnswer) {
  Start(1);
  const Said said = Shell("sh", "$R who " + holders_.file() + " >&-");
  EXPECT_EQ(said.status, 2);
  EXPECT_THAT(said.err, HasSubstr("could not be written"));
}

// The file had the number of the stream, and got what people were to read.
TEST_F(Streams, TheJsonFileIsNotTakenForAClosedStandardError) {
  const std::string json = holders_.directory() + "/events";
  const Said said = Shell("sh", "$R run --missing-ok --json-file " + json + " -f " +
                                    holders_.file() + " -- no-such-command-anywhere 2>&-");
  EXPECT_EQ(said.status, 127);
  std::ifstream file(json);
  const std::string lines{std::istreambuf_iterator<char>(file), {}};
  EXPECT_THAT(lines, HasSubstr("{\"event\":\"summary\""));
  EXPECT_THAT(lines, Not(HasSubstr("restartctl: ")));
}

TEST_F(Streams, TheCommandHasThemAsRestartctlHad) {
  const Said said =
      Shell("sh", "$R run -f " + holders_.file() +
                      " -- sh -c 'test -e /proc/self/fd/0 || echo none >&2; exit 3' <&-");
  EXPECT_EQ(said.status, 3);
  EXPECT_THAT(said.err, HasSubstr("none"));
}

// Its command ran although nobody had been asked to leave.
TEST_F(Streams, NamesThatCannotBeReadAreAnError) {
  const Said closed = Shell("sh", "$R run --files-from - -- echo ran <&-");
  EXPECT_EQ(closed.status, 124);
  EXPECT_EQ(closed.out, "");
  EXPECT_THAT(closed.err, HasSubstr("cannot read standard input"));
  const Said directory = Shell("sh", "$R run --files-from / -- echo ran");
  EXPECT_EQ(directory.status, 124);
  EXPECT_THAT(directory.err, HasSubstr("cannot read /: Is a directory; nothing was stopped"));
}

}  // namespace
}  // namespace rm::cli
