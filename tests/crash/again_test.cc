// PID 1 runs rm-relaunch again when it was killed: is its program started once, whenever that was,
// and are the secrets of its environment gone then?
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include "apps/launch.h"
#include "apps/testing/programs.h"
#include "crash/traced.h"

namespace rm::test {
namespace {

namespace fs = std::filesystem;
using namespace rm::testing;

class Again : public ::testing::Test {
 protected:
  Again() {
    fs::create_directory(specs_);
    chmod(specs_.c_str(), 0700);
  }

  std::string Write() const {
    fs::remove(specs_ + "/relaunch");
    WriteAll(starts_, "");
    RelaunchSpec spec = LikeUs("/bin/sh", starts_);
    spec.arguments = {"sh", "-c", "echo started"};
    spec.environment = {"PASSWORD=secret"};
    return *WriteSpecFile(specs_, "relaunch", spec);
  }

  static int RunAgain(const std::string& file) {
    return Await(Fork(
        [&] { execl(RM_RELAUNCH, "rm-relaunch", file.c_str(), static_cast<char*>(nullptr)); }));
  }

  const Directory directory_;
  const std::string specs_ = directory_ / "specs";
  const std::string starts_ = directory_ / "starts";
};

TEST_F(Again, WhoeverIsKilledWhereverIsStartedByTheNext) {
  TraceRequest request;
  request.followed = {"rm-relaunch"};
  request.program = "rm-relaunch";
  request.armed_by = specs_;
  request.trouble = Trouble::kKill;
  int steps = 0;
  while (true) {
    const std::string file = Write();
    request.argv = {RM_RELAUNCH, file};
    ++request.at;
    const TraceResult result = RunTraced(request);
    if (!result.reached) break;
    if (result.call.starts_with("execve")) continue;  // as in killed_test
    const std::string where = "step " + std::to_string(request.at) + ", " + result.call;
    ++steps;
    EXPECT_TRUE(LookAtSpecFile(file).waiting) << where;
    EXPECT_EQ(ReadAll(starts_), "") << where;
    EXPECT_EQ(RunAgain(file), 0) << where;
    EXPECT_EQ(ReadAll(starts_), "started\n") << where;
    EXPECT_EQ(ReadAll(file).find("secret"), std::string::npos) << where;
    EXPECT_EQ(RunAgain(file), 0) << where;
    EXPECT_EQ(ReadAll(starts_), "started\n") << where << ": once";
  }
  EXPECT_GE(steps, 3) << "the lock, who it is, and that it is done";
}

// Right after exec has failed nobody can tell that from a program that has ended at once: whoever
// looks does it once more.
TEST_F(Again, WhoIsKilledWhenItTellsWhyItFailedTellsItOrIsDoneAgain) {
  TraceRequest request;
  request.followed = {"rm-relaunch"};
  request.program = "rm-relaunch";
  request.armed_by = specs_;
  request.trouble = Trouble::kKill;
  while (true) {
    Write();
    fs::remove(specs_ + "/relaunch");
    RelaunchSpec spec = LikeUs(directory_ / "none", starts_);
    spec.environment = {"PASSWORD=secret"};
    const std::string file = *WriteSpecFile(specs_, "relaunch", spec);
    request.argv = {RM_RELAUNCH, file};
    ++request.at;
    const TraceResult result = RunTraced(request);
    if (!result.reached) break;
    const std::string where = "step " + std::to_string(request.at) + ", " + result.call;
    const SpecFileState left = LookAtSpecFile(file);
    EXPECT_TRUE(left.waiting || left.started || !left.failure.empty()) << where;
    EXPECT_EQ(left.failure.find("secret"), std::string::npos) << where;
    RunAgain(file);
    const SpecFileState again = LookAtSpecFile(file);
    EXPECT_TRUE(again.started || !again.failure.empty()) << where;
  }
}

}  // namespace
}  // namespace rm::test
