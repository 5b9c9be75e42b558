#include "procfs/object_handle.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/stat.h>

#include "base/unique_fd.h"
#include "holder/holder.h"

namespace rm {
namespace {

using testing::Contains;
using testing::ElementsAre;

// version, magic, length, flags, type, 16 bytes of uuid; then the handle of the layer.
std::string OverlayHandle(const std::string& layer) {
  const char head[] = {0, '\xfb', static_cast<char>(21 + layer.size()), 0, 1};
  return std::string(head, sizeof head) + std::string(16, 'u') + layer;
}

TEST(ObjectHandle, OfAnOverlayIsThatOfItsLayer) {
  const auto layer = ParseOverlayHandle(OverlayHandle("abcd"));
  ASSERT_TRUE(layer);
  EXPECT_TRUE(layer->handle.overlay);
  EXPECT_EQ(layer->handle.id,
            "\x01"
            "abcd");
  EXPECT_EQ(layer->uuid, std::string(16, 'u'));
  EXPECT_EQ(ParseOverlayHandle(OverlayHandle("abcd") + "padding"), layer);
}

TEST(ObjectHandle, GarbageIsNone) {
  const std::string whole = OverlayHandle("abcd");
  for (size_t size = 0; size < whole.size(); ++size) {
    EXPECT_FALSE(ParseOverlayHandle(whole.substr(0, size)));
  }
  std::string other = whole;
  other[1] = 'x';
  EXPECT_FALSE(ParseOverlayHandle(other));
}

TEST(ObjectHandle, TwoThatWereReachedDirectlyAreNotComparedHere) {
  const ObjectHandle direct{false, "x"}, overlaid{true, "x"}, other{true, "y"};
  EXPECT_FALSE(IsSameBelow(direct, {direct}));
  EXPECT_TRUE(IsSameBelow(overlaid, {direct}));
  EXPECT_TRUE(IsSameBelow(direct, {overlaid}));
  EXPECT_TRUE(IsSameBelow(overlaid, {overlaid}));
  EXPECT_FALSE(IsSameBelow(other, {direct, overlaid}));
  EXPECT_FALSE(IsSameBelow(overlaid, {}));
}

// Images of file systems are copied, and some give all objects the same numbers.
TEST(ObjectHandle, OneOnAnotherFileSystemIsAnother) {
  const ObjectHandle overlaid{true, "x", 7}, here{false, "x", 7}, elsewhere{false, "x", 8},
      unknown{true, "x"};
  EXPECT_TRUE(IsSameBelow(overlaid, {here}));
  EXPECT_FALSE(IsSameBelow(overlaid, {elsewhere}));
  EXPECT_TRUE(IsSameBelow(overlaid, {elsewhere, here}));
  EXPECT_TRUE(IsSameBelow(unknown, {elsewhere}));
  EXPECT_TRUE(IsSameBelow(overlaid, {unknown}));
}

TEST(ObjectHandle, NumbersAreFoundWhereverTheyStand) {
  const ObjectHandle handle{false, std::string("\x01\x05\0\0\0\x07\0\0\0\x09\0\0\0", 13)};
  EXPECT_THAT(NumbersIn(handle), ElementsAre(5, 0x700000005, 7, 0x900000007, 9));
  EXPECT_TRUE(NumbersIn({}).empty());
}

TEST(ObjectHandle, OfAFileHasItsInodeNumber) {
  const test::TemporaryDirectory at;
  const UniqueFd file(open(at.Write("file").c_str(), O_PATH | O_CLOEXEC));
  ObjectHandle handle;
  if (ReadHandle(file.get(), "", handle)) GTEST_SKIP() << "lacks a file system with handles";
  struct stat found {};
  ASSERT_EQ(fstat(file.get(), &found), 0);
  EXPECT_THAT(NumbersIn(handle), Contains(found.st_ino));
  EXPECT_FALSE(ReadOrigin(file.get()));
}

}  // namespace
}  // namespace rm
