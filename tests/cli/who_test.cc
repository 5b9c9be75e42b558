#include "restartctl.h"

namespace rm::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

class Who : public RestartctlTest {};

TEST_F(Who, NamesEachProgramOnALineWithHowItHoldsTheFile) {
  Start(2);
  const Said said = Restartctl({"who", holders_.file()});
  EXPECT_EQ(said.status, 0);
  for (const DWORD pid : Pids(2)) {
    EXPECT_THAT(said.out, HasSubstr("pid " + std::to_string(pid) + ": maps " + holders_.file()));
  }
  EXPECT_EQ(std::count(said.out.begin(), said.out.end(), '\n'), 2);
}

TEST_F(Who, SaysThatNobodyDoesAndExitsWith1) {
  const Said said = Restartctl({"who", holders_.file()});
  EXPECT_EQ(said.status, 1);
  EXPECT_THAT(said.out, IsEmpty());
  EXPECT_THAT(said.err, HasSubstr("nobody uses it"));
}

// All below it seemed to be unused.
TEST_F(Who, WhoNamesADirectoryIsToldThatItIsNoTree) {
  Start(1);
  const Said said = Restartctl({"who", holders_.directory()});
  EXPECT_EQ(said.status, 1);
  EXPECT_THAT(said.err, HasSubstr(holders_.directory() + " is a directory"));
  EXPECT_THAT(Restartctl({"who", "--tree", holders_.directory()}).err,
              Not(HasSubstr("is a directory")));
}

TEST_F(Who, AMissingFileIsAnErrorWithItsName) {
  const Said said = Restartctl({"who", holders_.file() + "x"});
  EXPECT_EQ(said.status, 2);
  EXPECT_THAT(said.err, HasSubstr(holders_.file() + "x: No such file or directory"));
}

TEST_F(Who, ARelativePathIsTakenFromTheCurrentDirectory) {
  Start(1);
  const Said said = Shell("sh", "cd " + holders_.directory() + " && exec $R who ./libdemo.so.1");
  EXPECT_THAT(said.out, HasSubstr("maps " + holders_.file()));
}

TEST_F(Who, AboveALinkIsWhereTheLinkLeads) {
  Start(1);
  const Said said = Shell("sh", "cd " + holders_.directory() +
                                    " && mkdir -p below other && touch other/libdemo.so.1 && "
                                    "ln -s ../below other/link && exec $R who "
                                    "other/link/../libdemo.so.1");
  EXPECT_EQ(said.status, 0);
  EXPECT_THAT(said.out, HasSubstr("pid " + std::to_string(Pids(1)[0])));
}

TEST_F(Who, JsonIsOneObject) {
  Start(1);
  const Said said = Restartctl({"who", "--json", holders_.file()});
  EXPECT_THAT(said.out, HasSubstr(R"("how":"maps","path":")" + holders_.file()));
  EXPECT_THAT(said.out, HasSubstr(R"("main_pid":)" + std::to_string(Pids(1)[0])));
}

TEST_F(Who, AnAnswerThatCannotBeWrittenIsAnError) {
  Start(1);
  EXPECT_EQ(Shell("sh", "$R who " + holders_.file() + " >/dev/full").status, 2);
}

}  // namespace
}  // namespace rm::cli
