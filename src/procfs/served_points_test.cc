// Below which mounts may a lookup wait for ever?
#include <gmock/gmock.h>

#include "procfs/mounts.h"

namespace rm {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

MountLine Mount(const std::string& point, const std::string& type,
                const std::string& options = "") {
  return {.point = point, .type = type, .options = options};
}

TEST(ServedPointsTest, OverlaysOverWhatHasAServer) {
  EXPECT_THAT(ServedPoints({Mount("/", "ext4"), Mount("/far", "nfs4"),
                            Mount("/over", "overlay", "rw,lowerdir=/near:/far/a,upperdir=/u"),
                            Mount("/near over", "overlay", "rw,lowerdir=/near:/farther"),
                            Mount("/again", "overlay", "ro,lowerdir+=/near,lowerdir+=/over/b")}),
              ElementsAre("/far", "/over", "/again"));
}

TEST(ServedPointsTest, ALayerNamedFromAFolderThatNobodyKnowsMayHaveAServer) {
  const MountLine overlay = Mount("/over", "overlay", "rw,lowerdir=l/a:l/b,redirect_dir=on");
  EXPECT_THAT(ServedPoints({Mount("/", "ext4"), overlay}), IsEmpty());
  EXPECT_THAT(ServedPoints({Mount("/", "ext4"), overlay, Mount("/far", "fuse.sshfs")}),
              ElementsAre("/far", "/over"));
  EXPECT_THAT(ServedPoints({Mount("/far", "9p"),
                            Mount("/over", "overlay", "lowerdir=/l,redirect_dir=on,index=off")}),
              ElementsAre("/far"));
}

TEST(ServedPointsTest, ALayerWithABlankInItsName) {
  EXPECT_THAT(ServedPoints({Mount("/far away", "ceph"),
                            Mount("/over", "overlay", "lowerdir=/far\\040away/a")}),
              ElementsAre("/far away", "/over"));
}

}  // namespace
}  // namespace rm
