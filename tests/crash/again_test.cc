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
  int emptied = 0, taken_up = 0;
  while (true) {
    const std::string file = Write();
    request.argv = {RM_RELAUNCH, file};
    ++request.at;
    const TraceResult result = RunTraced(request);
    if (!result.reached) break;
    if (result.call.starts_with("execve")) continue;  // as in killed_test
    const SpecFileState left = LookAtSpecFile(file);
    const int status = RunAgain(file);
    const std::string where = "step " + std::to_string(request.at) + ", " + result.call;
    if (fs::file_size(file) == 0 || !left.waiting) {
      // Nobody can tell whether it was started, but for whoever wrote the file.
      ++emptied;
      EXPECT_TRUE(result.call.starts_with("pwrite") || left.started) << where;
    } else {
      ++taken_up;
      EXPECT_EQ(status, 0) << where;
      EXPECT_EQ(ReadAll(starts_), "started\n") << where;
    }
    EXPECT_EQ(RunAgain(file) == 0, left.waiting || left.started) << where;
    EXPECT_LE(ReadAll(starts_).size(), std::string("started\n").size()) << where << ": once";
    EXPECT_EQ(ReadAll(file).find("secret"), std::string::npos) << where;
  }
  EXPECT_EQ(taken_up, 2) << "before it has the lock, and before it empties the file";
  EXPECT_LE(emptied, 1);
}

}  // namespace
}  // namespace rm::test
