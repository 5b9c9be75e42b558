#include "procfs/in_hands_of.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include "holder/holder.h"

namespace rm {
namespace {

namespace fs = std::filesystem;

constexpr uid_t kOther = 4242;

class InHandsOf : public testing::Test {
 protected:
  InHandsOf() {
    fs::create_directory(directory_);
    chmod(directory_.c_str(), 0755);
    fs::create_symlink(file_, link_);
  }

  test::TemporaryDirectory at_;
  const std::string file_ = at_.Write("file"), directory_ = at_.path() + "/d",
                    link_ = directory_ + "/link";
};

TEST_F(InHandsOf, OfWhoMadeIt) {
  EXPECT_TRUE(IsInHandsOf(link_, geteuid()));
  EXPECT_FALSE(IsInHandsOf(link_ + "/no", geteuid()));
}

TEST_F(InHandsOf, NotWhereOthersMayWrite) {
  chmod(directory_.c_str(), 0775);
  EXPECT_FALSE(IsInHandsOf(link_, geteuid()));
  chmod(directory_.c_str(), 01777);
  EXPECT_TRUE(IsInHandsOf(link_, geteuid()));
}

TEST_F(InHandsOf, NotByALinkOfAnother) {
  if (geteuid() != 0) GTEST_SKIP() << "giving a file away needs root";
  ASSERT_EQ(lchown(link_.c_str(), kOther, kOther), 0);
  EXPECT_FALSE(IsInHandsOf(link_, 0));
  EXPECT_TRUE(IsInHandsOf(link_, kOther));
}

TEST_F(InHandsOf, NotThroughADirectoryOfAnother) {
  if (geteuid() != 0) GTEST_SKIP() << "giving a directory away needs root";
  ASSERT_EQ(chown(directory_.c_str(), kOther, kOther), 0);
  EXPECT_FALSE(IsInHandsOf(link_, 0));
}

}  // namespace
}  // namespace rm
