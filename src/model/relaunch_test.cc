#include "model/relaunch.h"

#include <gtest/gtest.h>

#include <random>

#include "base/checksum.h"

namespace rm {
namespace {

RelaunchSpec Odd() {
  RelaunchSpec spec;
  spec.was = {4711, 123456789012};
  spec.executable = "/usr/bin/caf\xe9";  // not UTF-8
  spec.moved_aside = "/usr/bin/caf\xe9.old";
  spec.arguments = {"-name", "", "$HOME", "a b", "\xff\xfe", "line\nbreak"};
  spec.environment = {"A=1", "EMPTY=", "no equals sign", "B=\x80"};
  spec.directory = "/var/lib/x";
  spec.uids = {0, 65534, 4294967294};
  spec.gids = {1, 2, 3};
  spec.groups = {7, 4294967294, 7};
  spec.umask = 0137;
  spec.limits = {{7, 10, UINT64_MAX}, {0, 0, 0}};
  spec.parent = {1, 2};
  spec.captured_ticks = 3;
  spec.nice = -20;
  spec.scheduler_policy = 3;
  spec.scheduler_priority = 99;
  spec.io_priority = 0x6007;
  spec.oom_score_adjust = -1000;
  spec.cpus = {0, 63, 64};
  spec.capabilities_bounding = UINT64_MAX;
  spec.no_new_privileges = true;
  spec.ignored_signals = uint64_t{1} << 63;
  spec.personality = 0xffffffff;
  spec.streams[1] = {"/var/log/x", 1025, uint64_t{1} << 40, {uint64_t{8} << 32, 7, -1}};
  spec.cannot_restore = {"It had a pipe."};
  return spec;
}

TEST(RelaunchSpec, ComesBackAsItWas) {
  const std::string blob = Serialize(Odd());
  const auto read = ParseRelaunchSpec(blob);
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(Serialize(*read), blob);
  EXPECT_EQ(read->was, Odd().was);
  EXPECT_EQ(read->parent, Odd().parent);
  EXPECT_EQ(read->captured_ticks, 3u);
  EXPECT_EQ(read->executable, Odd().executable);
  EXPECT_EQ(read->moved_aside, Odd().moved_aside);
  EXPECT_EQ(read->arguments, Odd().arguments);
  EXPECT_EQ(read->environment, Odd().environment);
  EXPECT_EQ(read->uids, Odd().uids);
  EXPECT_EQ(read->groups, Odd().groups);
  EXPECT_EQ(read->nice, -20);
  EXPECT_EQ(read->oom_score_adjust, -1000);
  EXPECT_EQ(read->limits[0].hard, UINT64_MAX);
  EXPECT_EQ(read->cpus, Odd().cpus);
  EXPECT_TRUE(read->no_new_privileges);
  EXPECT_EQ(read->streams[1].offset, uint64_t{1} << 40);
  EXPECT_EQ(read->streams[1].flags, 1025);
  EXPECT_EQ(read->streams[1].object, Odd().streams[1].object);
  EXPECT_EQ(read->cannot_restore, Odd().cannot_restore);
}

TEST(RelaunchSpec, RefusesWhatIsShortenedOrLengthened) {
  const std::string blob = Serialize(Odd());
  for (size_t size = 0; size < blob.size(); ++size)
    ASSERT_FALSE(ParseRelaunchSpec(blob.substr(0, size))) << size;
  EXPECT_FALSE(ParseRelaunchSpec(blob + '\0'));
  const std::string fields = blob.substr(14, blob.size() - 14 - 8);
  EXPECT_TRUE(ParseRelaunchSpec(Seal("rm-relaunch 4\n" + fields)));
  EXPECT_FALSE(ParseRelaunchSpec(Seal("rm-relaunch 5\n" + fields)));
}

// Else /usr/bin/a would be started in the place of /usr/bin/b, as whoever the spec says.
TEST(RelaunchSpec, EachBitThatChangesIsNoticed) {
  const std::string bytes = Serialize(Odd());
  for (size_t at = 0; at < bytes.size(); ++at)
    for (int bit = 0; bit < 8; ++bit) {
      std::string damaged = bytes;
      damaged[at] = static_cast<char>(damaged[at] ^ (1 << bit));
      EXPECT_FALSE(ParseRelaunchSpec(damaged)) << at << ' ' << bit;
    }
}

TEST(RelaunchSpec, RefusesNamesThatTheKernelWouldCutAtTheirNul) {
  RelaunchSpec spec = Odd();
  spec.executable += std::string("\0x", 2);
  EXPECT_FALSE(ParseRelaunchSpec(Serialize(spec)));
  spec = Odd();
  spec.arguments[2] += '\0';
  EXPECT_FALSE(ParseRelaunchSpec(Serialize(spec)));
}

// What is accepted is exactly what Serialize writes, so no damage is read as something else twice.
TEST(RelaunchSpec, SurvivesAnyBytes) {
  const std::string blob = Serialize(Odd());
  std::mt19937 random(20221119);
  auto below = [&](size_t n) { return random() % n; };
  size_t refused = 0;
  for (int round = 0; round < 50000; ++round) {
    std::string bad = blob;
    for (size_t i = 0, n = 1 + below(4); i < n; ++i) {
      const size_t at = below(bad.size());
      switch (below(4)) {
        case 0:
          bad[at] ^= static_cast<char>(1 << below(8));
          break;
        case 1:
          bad[at] = static_cast<char>(below(2) ? 0xff : 0);
          break;
        case 2:
          bad.erase(at, 1 + below(16));
          break;
        case 3:
          bad.insert(at, 8, static_cast<char>(0xff));
          break;
      }
    }
    const auto read = ParseRelaunchSpec(bad);
    if (read) {
      ASSERT_EQ(Serialize(*read), bad);
    }
    refused += !read;
  }
  EXPECT_GT(refused, 1000u);
}

}  // namespace
}  // namespace rm
