// A process that does not hold still is found out, or is named as one that could not be read.
#include "code/process_code.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>

#include "holder/holder.h"

namespace rm {
namespace {

namespace fs = std::filesystem;

TEST(ProcessCodeTest, LeaderHasExitedAndNoThreadStays) {
  const test::TemporaryDirectory at;
  const std::string program = at.path() + "/program";
  fs::copy_file(test::HolderProgram(), program);
  const test::Holder holder({"--relay"}, {.program = program});
  fs::remove(program);
  const ProcTree proc = std::move(*ProcTree::Open());
  ProcessCode code(proc);
  for (int round = 0; round < 200; ++round) {
    MappedScan found;
    ASSERT_EQ(code.Scan(holder.pid(), found), 0);
    ASSERT_TRUE(!found.files.empty() || !found.unreadable.empty()) << "round " << round;
  }
}

// A user was told that there is no outdated code in 52 processes, of which 51 were unreadable.
TEST(ProcessCodeTest, WhoMayNotBeLookedAtDoesNotCountAsLookedAt) {
  if (geteuid() != 0) GTEST_SKIP() << "lacks root, to look as somebody else";
  const test::Holder holder({});
  const pid_t child = fork();
  if (child == 0) {
    constexpr uid_t kNobody = 65534;
    if (setresuid(kNobody, kNobody, kNobody) != 0) _exit(1);
    const ProcTree proc = std::move(*ProcTree::Open());
    ProcessCode code(proc);
    MappedScan found;
    _exit(code.Scan(holder.pid(), found) != 0 || found.unreadable.size() != 1 ||
          found.processes != 0);
  }
  int status = -1;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
}

}  // namespace
}  // namespace rm
