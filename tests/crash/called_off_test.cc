// rm-relaunch waits for a program that leaves late, and whoever removes its file calls that off: is
// it either called off or started, whenever that happens?
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>

#include "apps/launch.h"
#include "apps/testing/programs.h"
#include "crash/traced.h"

namespace rm::test {
namespace {

namespace fs = std::filesystem;
using namespace rm::testing;

class CalledOff : public ::testing::Test {
 protected:
  CalledOff() {
    fs::create_directory(specs_);
    chmod(specs_.c_str(), 0700);
  }

  // Leaves as soon as somebody waits for that, or it was called off.
  ProcessId StartWhoLeavesLate() const {
    const std::string wait = "cd '" + directory_.path() +
                             "'; until ls specs/late-* >/dev/null 2>&1 "
                             "|| [ -e called-off ]; do sleep 0.01; done";
    return Identify(Fork([&] { execl("/bin/sh", "sh", "-c", wait.c_str(), nullptr); }));
  }

  const Directory directory_;
  const std::string specs_ = directory_ / "specs";
};

TEST_F(CalledOff, IsNotStartedAndNobodyElseIsLost) {
  int called_off = 0;
  TraceRequest request;
  for (bool reached = true; reached;) {
    const ProcessId was = StartWhoLeavesLate();
    WriteAll(directory_ / "starts", "");
    RelaunchSpec spec = LikeUs("/bin/sh", directory_ / "starts");
    spec.was = was;
    spec.arguments = {"sh", "-c", "echo started"};
    const auto file = WriteSpecFile(specs_, "relaunch", spec);
    ASSERT_TRUE(file) << file.error().message;

    bool removed = false;
    request.argv = {RM_RELAUNCH, *file};
    request.followed = {"rm-relaunch"};
    request.program = "rm-relaunch";
    request.armed_by = specs_;
    request.meanwhile = [&] {
      removed = fs::remove(LateFile(specs_, was));
      if (removed) WriteAll(directory_ / "called-off", "");
    };
    ++request.at;
    const TraceResult result = RunTraced(request);
    reached = result.reached;
    ASSERT_FALSE(result.endless);
    EXPECT_EQ(ReadAll(directory_ / "starts"), removed ? "" : "started\n")
        << "step " << request.at << ", " << result.call;
    called_off += removed;
    EXPECT_TRUE(fs::is_empty(specs_)) << "step " << request.at;
    waitpid(was.pid, nullptr, 0);
    fs::remove(directory_ / "called-off");
  }
  EXPECT_GT(called_off, 0);
}

}  // namespace
}  // namespace rm::test
