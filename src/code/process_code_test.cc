// A process that does not hold still is found out, or is named as one that could not be read.
#include "code/process_code.h"

#include <gtest/gtest.h>

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

}  // namespace
}  // namespace rm
