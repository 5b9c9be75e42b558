#include "procfs/parse.h"

#include <gmock/gmock.h>
#include <sys/sysmacros.h>

#include <random>

namespace rm {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr char kStat[] =
    "4711 (a) S (b) R 10 11 12 34816 13 4194304 1 2 3 4 5 6 7 8 20 -5 3 0 987654 "
    "1000 50 18446744073709551615 94 95 140732000000000 0 0 0 4096 2 16384 0 0 0 17 1 42 2 0 0 0 "
    "1 2 3 140732000000100 140732000000200 140732000000300 140732000000400 0\n";

TEST(ParseStat, CommHoldsParenthesesAndBlanks) {
  const std::optional<ProcessStat> stat = ParseStat(kStat);
  ASSERT_TRUE(stat);
  EXPECT_EQ(stat->name, "a) S (b");
  EXPECT_EQ(stat->state, 'R');
  EXPECT_EQ(stat->parent, 10);
  EXPECT_EQ(stat->terminal, 34816);
  EXPECT_EQ(stat->nice, -5);
  EXPECT_EQ(stat->threads, 3u);
  EXPECT_EQ(stat->start_ticks, 987654u);
  EXPECT_EQ(stat->start_stack, 140732000000000u);
  EXPECT_EQ(stat->scheduler_priority, 42);
  EXPECT_EQ(stat->scheduler_policy, 2);
  EXPECT_EQ(stat->arguments_begin, 140732000000100u);
  EXPECT_EQ(stat->arguments_end, 140732000000200u);
  EXPECT_FALSE(stat->is_kernel_thread());
}

TEST(ParseStat, KernelThreadByItsFlag) {
  const auto stat =
      ParseStat("2 (kthreadd) S 0 0 0 0 -1 2129984 0 0 0 0 0 0 0 0 20 0 1 0 5 0 0 0\n");
  ASSERT_TRUE(stat);
  EXPECT_TRUE(stat->is_kernel_thread());
}

TEST(ParseStat, GarbageIsNone) {
  for (const char* text : {"", "1", "1 (a", "1 a) S", ")(", "1 (a) S 1 2", "1 (a)", "1 (a) Sx 1",
                           "1 (a) \n S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22",
                           "1 (a) S 1 2 3 4 5 6 x 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22"}) {
    EXPECT_FALSE(ParseStat(text)) << text;
  }
}

TEST(FieldOf, WholeNameOnly) {
  constexpr char kStatus[] = "Name:\tUid: 7\nUmask:\t0022\nUid:\t1\t2\t3\t4\nGid:\n";
  EXPECT_EQ(FieldOf(kStatus, "Uid"), "1\t2\t3\t4");
  EXPECT_EQ(FieldOf(kStatus, "Gid"), "");
  EXPECT_EQ(FieldOf(kStatus, "Um"), "");
  EXPECT_THAT(ParseNumbers(FieldOf(kStatus, "Uid")), ElementsAre(1, 2, 3, 4));
}

TEST(CgroupOf, UnifiedHybridAndLegacy) {
  EXPECT_EQ(CgroupOf("0::/system.slice/nginx.service\n"), "/system.slice/nginx.service");
  EXPECT_EQ(CgroupOf("1:name=systemd:/old\n0::/new\n"), "/new");
  EXPECT_EQ(CgroupOf("4:memory:/a\n1:name=systemd:/system.slice/a:b.service\n0::/\n"),
            "/system.slice/a:b.service");
  EXPECT_EQ(CgroupOf("1:name=systemd:/system.slice/a.service\n"), "/system.slice/a.service");
  EXPECT_EQ(CgroupOf("0::/gone.scope (deleted)\n"), "/gone.scope");
  EXPECT_EQ(CgroupOf("0::/\n"), "/");
  EXPECT_EQ(CgroupOf("no colons\n"), "");
}

TEST(ParseMapsLine, PathsHoldBlanksAndEscapedNewlines) {
  const auto map = ParseMapsLine(
      "7f00-7f10 r-xp 00001000 fe:01 411                        /a b/c\\012d (deleted)");
  ASSERT_TRUE(map);
  EXPECT_EQ(map->begin, 0x7f00u);
  EXPECT_EQ(map->end, 0x7f10u);
  EXPECT_EQ(map->dev, makedev(0xfe, 1));
  EXPECT_EQ(map->ino, 411u);
  EXPECT_EQ(map->path, "/a b/c\\012d (deleted)");
  EXPECT_EQ(UnescapeMapsPath(map->path), "/a b/c\nd (deleted)");
}

TEST(ParseMapsLine, AnonymousHasNoFile) {
  const auto map = ParseMapsLine("7ffc0000-7ffc2000 rw-p 00000000 00:00 0 ");
  ASSERT_TRUE(map);
  EXPECT_EQ(map->ino, 0u);
  EXPECT_EQ(map->path, "");
}

TEST(ParseMapsLine, GarbageIsNone) {
  for (const char* line :
       {"", "-", "7f-", "7f00-7f10", "7f00-7f10 r-xp", "7f00-7f10 r-xp 0 fe:1 ", "x-y r 0 0:0 1",
        "7f00-7f10 r-xp 0 fe01 411 /a", "fffffffffffffffff-1 r 0 0:0 1"}) {
    EXPECT_FALSE(ParseMapsLine(line)) << line;
  }
}

TEST(UnescapeOctal, BlanksAndWhatIsNoEscape) {
  EXPECT_EQ(UnescapeOctal("/a\\040b\\011c\\134d"), "/a b\tc\\d");
  EXPECT_EQ(UnescapeOctal("\\04"), "\\04");
  EXPECT_EQ(UnescapeOctal("\\x40\\"), "\\x40\\");
}

TEST(RingFiles, OnlyOfTheListOfFiles) {
  EXPECT_THAT(
      *RingFiles("SqMask:\t0x0\nUserFiles:\t3\n    0: /opt/a\\040b\n    1: name-of-old-kernels\n"
                 "    2: /x (deleted)\nUserBufs:\t1\n    0: /no/file\nPollList:\n"),
      ElementsAre("/opt/a b", "/x (deleted)"));
  EXPECT_EQ(RingFiles("pos:\t0\nUserFiles:\t0\nUserBufs:\t0\n"), std::vector<std::string>());
}

// Linux 6.13 and later on the one hand, earlier ones on the other.
TEST(RingFiles, NoneOfARingThatWasAtWork) {
  EXPECT_FALSE(RingFiles("pos:\t0\nflags:\t02\n"));
  EXPECT_FALSE(RingFiles("SqThread:\t-1\nUserFiles:\t2\nUserBufs:\t1\n    0: 0x10/16\n"));
  EXPECT_TRUE(RingFiles("SqThread:\t-1\nUserFiles:\t2\n    0: <none>\n    1: <none>\n"));
}

TEST(ParseSwaps, FilesAndDevices) {
  const std::vector<SwapLine> lines = ParseSwaps(
      "Filename\t\t\t\tType\t\tSize\n/swap\\040file    file\t\t1020\t0\t-2\n"
      "/dev/dm-1    partition\t1024\t0\t-3\n/gone\\040(deleted) file\t1\ngarbage\n/x file\n");
  EXPECT_THAT(lines, ElementsAre(SwapLine{"/swap file", true, 1020 << 10},
                                 SwapLine{"/dev/dm-1", false, 1 << 20},
                                 SwapLine{"/gone (deleted)", true, 1 << 10}, SwapLine{"/x", true}));
  EXPECT_TRUE(ParseSwaps("Filename\n").empty());
  EXPECT_TRUE(ParseSwaps("").empty());
}

TEST(ParseMountLine, OptionalFieldsAndEscapes) {
  const auto mount = ParseMountLine(
      "64 25 0:42 /sub /mnt/a\\040b rw,relatime shared:1 master:2 - overlay none "
      "rw,lowerdir=/l,upperdir=/u");
  ASSERT_TRUE(mount);
  EXPECT_EQ(mount->id, 64u);
  EXPECT_EQ(mount->dev, makedev(0, 42));
  EXPECT_EQ(mount->root, "/sub");
  EXPECT_EQ(mount->point, "/mnt/a b");
  EXPECT_EQ(mount->type, "overlay");
  EXPECT_EQ(mount->source, "none");
  EXPECT_EQ(mount->options, "rw,lowerdir=/l,upperdir=/u");
  EXPECT_TRUE(ParseMountLine("25 1 254:0 / / rw - ext4 /dev/vda rw"));
  EXPECT_FALSE(ParseMountLine("25 1 254:0 / / rw"));
  EXPECT_FALSE(ParseMountLine(""));
}

TEST(ParseCpuList, RangesAndGarbage) {
  EXPECT_THAT(ParseCpuList("0-2,5"), ElementsAre(0, 1, 2, 5));
  EXPECT_THAT(ParseCpuList("3"), ElementsAre(3));
  EXPECT_THAT(ParseCpuList(""), IsEmpty());
  EXPECT_THAT(ParseCpuList("0-18446744073709551615"), IsEmpty());
  EXPECT_THAT(ParseCpuList("1,x,2"), ElementsAre(1));
}

TEST(Split, LastPieceWithOrWithoutSeparator) {
  EXPECT_THAT(Split(std::string_view("a\0\0b\0", 5), '\0'), ElementsAre("a", "", "b"));
  EXPECT_THAT(Split("a", '\0'), ElementsAre("a"));
  EXPECT_THAT(Split("", '\0'), IsEmpty());
}

// The same bytes every time, so that a failure can be repeated.
TEST(Parsers, SurviveGarbage) {
  std::mt19937 random(1);
  constexpr std::string_view kSeeds[] = {
      kStat,
      "7f00-7f10 r-xp 00001000 fe:01 411   /a b/c\\012d (deleted)\n",
      "Uid:\t1\t2\t3\t4\nSigIgn:\tffff\n",
      "1:name=systemd:/system.slice/a.service\n0::/\n",
      "0-3,5-7,8191\n",
  };
  for (int round = 0; round < 20000; ++round) {
    std::string text(kSeeds[random() % std::size(kSeeds)]);
    for (unsigned edits = random() % 8; edits; --edits) {
      const size_t at = random() % text.size();
      switch (random() % 3) {
        case 0:
          text[at] = static_cast<char>(random());
          break;
        case 1:
          text.erase(at, 1 + random() % 16);
          break;
        default:
          text.insert(at, 1 + random() % 4, "0-:) \n\\"[random() % 7]);
      }
      if (text.empty()) text = "(";
    }
    ParseStat(text);
    FieldOf(text, "Uid");
    CgroupOf(text);
    ParseMapsLine(text);
    EXPECT_LE(UnescapeMapsPath(text).size(), text.size());
    EXPECT_LE(ParseCpuList(text).size(), 8192u * text.size());
    ParseNumbers(text);
    Split(text, '\n');
  }
}

}  // namespace
}  // namespace rm
