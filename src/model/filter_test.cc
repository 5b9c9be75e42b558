#include "model/filter.h"

#include <gtest/gtest.h>

namespace rm {
namespace {

Filter Executable(const char* path) { return {Filter::Executable{path}}; }
Filter Service(const char* name) { return {Filter::Service{name}}; }

TEST(SameTargetTest, APathInAnotherSpellingIsTheSame) {
  EXPECT_TRUE(SameTarget(Executable("/bin/x"), Executable("//bin/./x")));
  EXPECT_FALSE(SameTarget(Executable("/bin/x"), Executable("/bin/X")));
  EXPECT_FALSE(SameTarget(Executable("/bin/x"), Executable("/usr/../bin/x")));
  EXPECT_FALSE(SameTarget(Executable("/bin/x"), Executable("bin/x")));
  EXPECT_TRUE(SameTarget(Executable("bin/x"), Executable("bin/x")));
}

TEST(SameTargetTest, AUnitWithAndWithoutItsSuffixIsTheSame) {
  EXPECT_TRUE(SameTarget(Service("nginx"), Service("nginx.service")));
  EXPECT_FALSE(SameTarget(Service("nginx"), Service("Nginx")));
  EXPECT_FALSE(SameTarget(Service("nginx"), Service("user:7/nginx")));
  EXPECT_FALSE(SameTarget(Service("no such/name"), Service("no other/name")));
}

TEST(SameTargetTest, KindsAreNeverTheSame) {
  EXPECT_FALSE(SameTarget(Executable("nginx"), Service("nginx")));
  EXPECT_FALSE(SameTarget({ProcessId{7, 1}}, {ProcessId{7, 2}}));
  EXPECT_TRUE(SameTarget({ProcessId{7, 1}}, {ProcessId{7, 1}}));
}

}  // namespace
}  // namespace rm
