#include <gmock/gmock.h>

#include "code/mount_table.h"
#include "code/set_aside.h"

namespace rm {
namespace {

using testing::Contains;
using testing::IsEmpty;

TEST(SetAsideTest, KnowsWhatMadePlaceForAnother) {
  EXPECT_THAT(NamesBefore("/usr/lib/libfoo.so.1.bak"), Contains("/usr/lib/libfoo.so.1"));
  EXPECT_THAT(NamesBefore("/usr/lib/libfoo.so.1.dpkg-tmp"), Contains("/usr/lib/libfoo.so.1"));
  EXPECT_THAT(NamesBefore("/usr/lib/libfoo.so.1;5f3a9c21"), Contains("/usr/lib/libfoo.so.1"));
  EXPECT_THAT(NamesBefore("/usr/bin/vi.#prelink#.aBcDeF"), Contains("/usr/bin/vi"));
  EXPECT_THAT(NamesBefore("/usr/lib/libfoo.so.1"), IsEmpty());
  EXPECT_THAT(NamesBefore("/old.d/libfoo.so"), IsEmpty());
  EXPECT_THAT(NamesBefore("/x/.bak"), IsEmpty());
  EXPECT_THAT(NamesBefore("/x/a;12"), IsEmpty());
}

TEST(SetAsideTest, KnowsWhatNfsKeeps) {
  EXPECT_TRUE(IsNfsLeftover("/home/.nfs000000000b2c3d4e00000001"));
  EXPECT_FALSE(IsNfsLeftover("/home/.nfsrc"));
  EXPECT_FALSE(IsNfsLeftover("/home/nfs000000000b2c3d4e00000001"));
}

constexpr char kMounts[] =
    "22 1 254:1 / / rw,relatime shared:1 - ext4 /dev/vda1 rw\n"
    "40 22 0:30 / /mnt/with\\040blank rw - nfs4 server:/x rw,addr=1.2.3.4\n"
    "41 22 0:31 /sv /srv rw shared:7 master:2 - btrfs /dev/vdb rw\n"
    "42 22 0:32 / /home/u/m rw - fuse.sshfs u@h: rw\n"
    "garbage\n"
    "43 22 x:1 / /bad rw - ext4 none rw\n";

TEST(MountTableTest, TellsWhoMayNotAnswer) {
  const MountTable table = MountTable::Parse(kMounts);
  EXPECT_TRUE(table.HasMount(22));
  EXPECT_FALSE(table.HasMount(43));
  EXPECT_TRUE(table.IsLocalMount(41));
  EXPECT_FALSE(table.IsLocalMount(40));
  EXPECT_FALSE(table.IsLocalMount(42));
  EXPECT_FALSE(table.IsLocalMount(99));
  EXPECT_TRUE(table.IsLocalPath("/usr/lib/libc.so.6"));
  EXPECT_FALSE(table.IsLocalPath("/mnt/with blank/lib.so"));
  EXPECT_TRUE(table.IsLocalPath("/mnt/with blanks/lib.so"));
  EXPECT_FALSE(table.IsLocalPath("/home/u/m"));
}

TEST(MountTableTest, KnowsDevices) {
  const MountTable table = MountTable::Parse(kMounts);
  const auto device = [](unsigned major, unsigned minor) { return uint64_t{major} << 8 | minor; };
  EXPECT_TRUE(table.IsLocalDevice(device(254, 1)));
  EXPECT_FALSE(table.IsLocalDevice(device(0, 30)));
  EXPECT_TRUE(table.HasOwnNumbers(device(0, 31)));
  EXPECT_FALSE(table.HasOwnNumbers(device(254, 1)));
  EXPECT_FALSE(table.HasDevice(device(0, 77)));
  EXPECT_FALSE(table.IsLocalDevice(device(0, 77))) << "it may be FUSE, unmounted";
}

TEST(MountTableTest, WhatIsOnABlockDeviceIsLocalUnlessAProgramOrOthersServeIt) {
  const MountTable table = MountTable::Parse(
      "30 1 8:1 / / rw - msdos /dev/sda1 rw\n31 30 8:2 / /a rw - notinventedyet /dev/sda2 rw\n"
      "32 30 8:3 / /b rw - fuseblk /dev/sda3 rw\n33 30 8:4 / /c rw - ocfs2 /dev/sda4 rw\n");
  EXPECT_TRUE(table.HoldsFiles(30));
  EXPECT_TRUE(table.HoldsFiles(31));
  EXPECT_FALSE(table.IsLocalMount(32));
  EXPECT_FALSE(table.IsLocalMount(33));
}

TEST(MountTableTest, AnOverlayOverWhatIsServedIsServed) {
  const MountTable table = MountTable::Parse(
      "30 1 8:1 / / rw - ext4 /dev/sda1 rw\n31 30 0:40 / /far rw - nfs4 server:/ rw\n"
      "32 30 0:41 / /a rw - overlay none rw,lowerdir=/far/a:/b\n"
      "33 30 0:42 / /c rw - overlay none rw,lowerdir=/farther/a:/b\n");
  EXPECT_FALSE(table.IsLocalMount(32));
  EXPECT_FALSE(table.IsLocalPath("/a/lib.so"));
  EXPECT_TRUE(table.IsLocalMount(33));
}

TEST(MountTableTest, KnowsWhereTheNameOfARemovedRootIs) {
  const MountTable table = MountTable::Parse(
      "30 1 8:1 / / rw - ext4 /dev/sda1 rw\n31 30 8:1 /srv/lib.so//deleted /x rw - ext4 /dev/sda1 "
      "rw\n"
      "32 30 8:1 /srv /data rw - ext4 /dev/sda1 rw\n33 30 8:2 / /y rw - ext4 /dev/sda2 rw\n");
  EXPECT_FALSE(table.RemovedOrigin(30));
  const auto origin = table.RemovedOrigin(31);
  ASSERT_TRUE(origin);
  const auto places = table.PlacesOf(*origin);
  ASSERT_EQ(places.size(), 2u);
  EXPECT_EQ(places[0].path, "/srv/lib.so");
  EXPECT_EQ(places[1].path, "/data/lib.so");
  EXPECT_EQ(places[1].mount_id, 32u);
}

// Reading /proc/kmsg takes it away from whoever it was meant for.
TEST(MountTableTest, WhatTheKernelMakesUpIsLocalAndHoldsNoFiles) {
  const MountTable table = MountTable::Parse(
      "20 1 254:0 / / rw - ext4 /dev/vda rw\n21 20 0:5 / /proc rw - proc proc rw\n"
      "22 20 0:6 / /sys/kernel/tracing rw - tracefs tracefs rw\n23 20 0:7 / /n rw - nfs4 a:/ rw\n");
  EXPECT_TRUE(table.HoldsFiles(20));
  for (const uint64_t mount : {21u, 22u}) {
    EXPECT_TRUE(table.IsLocalMount(mount));
    EXPECT_FALSE(table.HoldsFiles(mount));
  }
  EXPECT_FALSE(table.HoldsFiles(23));
  EXPECT_FALSE(table.HoldsFiles(24));
}

}  // namespace
}  // namespace rm
