#include "procfs/target_set.h"

#include <gtest/gtest.h>
#include <sys/sysmacros.h>

namespace rm {
namespace {

int MatchesOfDevice(const TargetSet& targets, uint32_t type, unsigned high, unsigned low) {
  struct statx found {};
  found.stx_mode = static_cast<uint16_t>(type | 0600);
  found.stx_rdev_major = high;
  found.stx_rdev_minor = low;
  int matches = 0;
  targets.ForDevice(found, [&](const FileTarget&) { ++matches; });
  return matches;
}

TEST(TargetSetTest, ADeviceIsItsTypeAndNumberWhateverNodeItIsOpenedBy) {
  FileTarget node;
  node.identity = {.dev = 1, .ino = 2, .mode = S_IFCHR | 0600, .rdev = makedev(8, 1)};
  const TargetSet targets(std::span(&node, 1));
  EXPECT_TRUE(targets.HasNodes());
  EXPECT_EQ(MatchesOfDevice(targets, S_IFCHR, 8, 1), 1);
  EXPECT_EQ(MatchesOfDevice(targets, S_IFCHR, 8, 2), 0);
  EXPECT_EQ(MatchesOfDevice(targets, S_IFBLK, 8, 1), 0);
  EXPECT_EQ(MatchesOfDevice(targets, S_IFREG, 8, 1), 0);
}

TEST(TargetSetTest, ATerminalOfAnotherDevptsHasTheSameNumber) {
  FileTarget node;
  node.identity = {.dev = 1, .ino = 3, .mode = S_IFCHR | 0620, .rdev = makedev(136, 0)};
  const TargetSet targets(std::span(&node, 1));
  EXPECT_EQ(MatchesOfDevice(targets, S_IFCHR, 136, 0), 0);
}

}  // namespace
}  // namespace rm
