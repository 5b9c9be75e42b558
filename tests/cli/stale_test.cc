#include <filesystem>

#include "restartctl.h"

namespace rm::cli {
namespace {

namespace fs = std::filesystem;
using ::testing::AnyOf;
using ::testing::Eq;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

// A program of the test's own that runs. The rest of the machine may run anything.
class Stale : public RestartctlTest {
 protected:
  Stale() {
    Put("/usr/bin/tail");
    running_.emplace(std::vector<std::string>{program_, "-n1", "-f", holders_.file()});
    running_->AwaitText("old");
  }
  ~Stale() override { running_->Signal(SIGKILL); }

  void Put(const std::string& from) {
    fs::copy_file(from, program_ + ".new");
    fs::rename(program_ + ".new", program_);
  }

  const std::string program_ = holders_.directory() + "/server";
  std::optional<Running> running_;
};

TEST_F(Stale, NobodyMeansAProgramThatIsAsItWas) {
  const Said said = Restartctl({"stale", "--all"});
  EXPECT_THAT(said.status, AnyOf(Eq(0), Eq(1)));
  EXPECT_THAT(said.out, Not(HasSubstr(program_)));
}

TEST_F(Stale, NamesAReplacedProgramWithWhatRenewsIt) {
  Put("/usr/bin/head");
  const Said said = Restartctl({"stale"});
  EXPECT_EQ(said.status, 1);
  EXPECT_THAT(said.out, HasSubstr("executable " + program_ + ": it was replaced\n"));
  EXPECT_THAT(said.out, HasSubstr("server (pid "));
}

TEST_F(Stale, TheSameBuildIsOnlyListedWhenAllIs) {
  Put("/usr/bin/tail");
  EXPECT_THAT(Restartctl({"stale"}).out, Not(HasSubstr(program_)));
  EXPECT_THAT(Restartctl({"stale", "--all"}).out, HasSubstr("refreshed, executable " + program_));
}

TEST_F(Stale, JsonIsOneObject) {
  fs::remove(program_);
  const Said said = Restartctl({"stale", "--json"});
  EXPECT_EQ(said.status, 1);
  EXPECT_THAT(said.out,
              HasSubstr(R"("freshness":"stale","kind":"executable","path":")" + program_));
  EXPECT_THAT(said.err, IsEmpty());
}

TEST_F(Stale, DataIsListedWithItsReason) {
  Start(1);
  ASSERT_TRUE(holders_.Replace("new"));
  const Said said = Restartctl({"stale", "--all"});
  EXPECT_THAT(said.out, HasSubstr("transient, data " + holders_.file()));
}

TEST_F(Stale, WrongArgumentsAreNoAnswer) {
  EXPECT_EQ(Restartctl({"stale", "/bin/sh"}).status, 2);
  EXPECT_EQ(Restartctl({"stale", "--al"}).status, 2);
}

TEST_F(Stale, AnAnswerThatCannotBeWrittenIsAnError) {
  fs::remove(program_);
  EXPECT_EQ(Shell("sh", "$R stale >/dev/full").status, 2);
}

}  // namespace
}  // namespace rm::cli
