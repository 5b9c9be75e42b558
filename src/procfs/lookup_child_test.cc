#include "procfs/lookup_child.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>

namespace rm {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::seconds;

constexpr seconds kPatience{4};

// Registering, listing and stopping each waited the whole time for the same dead server.
TEST(LookupChildTest, ADeadServerIsWaitedForOnce) {
  const std::vector<std::string> served = {"/dead", "/alive"};
  const LookUp look = [](const std::string& path) -> Result<FileResource> {
    while (path.starts_with("/dead/")) pause();
    return FileResource{.path = path};
  };
  const std::vector<std::string> first = {"/dead/a", "/alive/a", "/dead/b"};
  const auto files = LookFromChild(first, served, look, kPatience);
  ASSERT_TRUE(files);
  EXPECT_TRUE((*files)[0].unreachable);
  EXPECT_FALSE((*files)[1].unreachable);
  EXPECT_TRUE((*files)[2].unreachable);

  const auto begin = Clock::now();
  const std::vector<std::string> again = {"/alive/b", "/dead/c"};
  const auto later = LookFromChild(again, served, look, kPatience);
  ASSERT_TRUE(later);
  EXPECT_LT(Clock::now() - begin, kPatience);
  EXPECT_FALSE((*later)[0].unreachable);
  EXPECT_TRUE((*later)[1].unreachable);
}

}  // namespace
}  // namespace rm
