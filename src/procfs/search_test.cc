#include "procfs/search.h"

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "holder/holder.h"
#include "procfs/identity.h"

namespace rm {
namespace {

constexpr std::chrono::seconds kLimit(60);

class SearchTest : public testing::Test {
 protected:
  SearchTest() : file_(at_.Write("library")) {
    const Result<FileResource> file = IdentifyFile(file_);
    if (file && file->at_registration) target_.identity = *file->at_registration;
  }
  std::shared_ptr<Search> SearchIn(const std::vector<pid_t>& pids, bool ask_each = false) {
    return std::make_shared<Search>(std::move(*ProcTree::Open()), std::span(&target_, 1), pids,
                                    ScanOptions{}, ask_each);
  }

  test::TemporaryDirectory at_;
  const std::string file_;
  FileTarget target_;
};

// The second process is told without being asked. That stands on the first one's mapping.
TEST_F(SearchTest, ARememberedObjectStandsOnlyAsLongAsItExists) {
  auto first = std::make_optional<test::Holder>(std::vector<std::string>{"--map", file_});
  const test::Holder second({"--map", file_});
  const auto search = SearchIn({first->pid(), second.pid()});
  ASSERT_EQ(search->Run(1, {}), 0);
  EXPECT_TRUE(search->Stands(kLimit));
  first.reset();
  EXPECT_FALSE(search->Stands(kLimit));
  EXPECT_EQ(search->Take().holdings.size(), 2u);
}

TEST_F(SearchTest, WhoAsksForEachMappingNeedsNoWitness) {
  auto holder = std::make_optional<test::Holder>(std::vector<std::string>{"--map", file_});
  const auto search = SearchIn({holder->pid()}, true);
  ASSERT_EQ(search->Run(1, {}), 0);
  holder.reset();
  EXPECT_TRUE(search->Stands(kLimit));
  EXPECT_EQ(search->Take().holdings.size(), 1u);
}

}  // namespace
}  // namespace rm
