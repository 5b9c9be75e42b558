#include "model/resource.h"

#include <gtest/gtest.h>

namespace rm {
namespace {

UnitRef System(const std::string& name) { return {std::nullopt, name}; }
UnitRef User(uid_t user, const std::string& name) { return {user, name}; }

TEST(UnitRefTest, AServiceNeedsNoSuffix) {
  EXPECT_EQ(ParseUnitRef("nginx"), System("nginx.service"));
  EXPECT_EQ(ParseUnitRef("nginx.service"), System("nginx.service"));
  EXPECT_EQ(ParseUnitRef("app-1.scope"), System("app-1.scope"));
}

TEST(UnitRefTest, ADotInTheNameIsNoSuffix) {
  EXPECT_EQ(ParseUnitRef("org.example.Daemon"), System("org.example.Daemon.service"));
}

TEST(UnitRefTest, InstancesAndEscapesAreNames) {
  EXPECT_EQ(ParseUnitRef("getty@tty1"), System("getty@tty1.service"));
  EXPECT_EQ(ParseUnitRef("getty@a.b@.service"), System("getty@a.b@.service"));
  EXPECT_EQ(ParseUnitRef("dev-disk\\x2d1:a_b"), System("dev-disk\\x2d1:a_b.service"));
}

TEST(UnitRefTest, AUsersUnitNamesTheUser) {
  EXPECT_EQ(ParseUnitRef("user:1000/app.service"), User(1000, "app.service"));
  EXPECT_EQ(ParseUnitRef("user:0/app"), User(0, "app.service"));
  EXPECT_NE(ParseUnitRef("user:1000/app"), ParseUnitRef("user:1001/app"));
  EXPECT_NE(ParseUnitRef("user:0/app"), ParseUnitRef("app"));
}

TEST(UnitRefTest, WhatIsNoNameIsRefused) {
  for (const char* text : {"",
                           ".service",
                           ".scope",
                           "@tty1",
                           "getty@",
                           "getty@.service",
                           "a/b",
                           "../nginx",
                           "two words",
                           "nginx;reboot",
                           "na\nme",
                           "\xC3\xA4",
                           "user:",
                           "user:1000",
                           "user:1000/",
                           "user:/app",
                           "user:x/app",
                           "user:-1/app",
                           "user:+1/app",
                           "user: 1/app",
                           "user:1000x/app",
                           "user:4294967296/app",
                           "user:1000/a/b"})
    EXPECT_EQ(ParseUnitRef(text), std::nullopt) << text;
  EXPECT_EQ(ParseUnitRef(std::string("nginx\0", 6)), std::nullopt);
}

TEST(UnitRefTest, ANameHasAtMost255Bytes) {
  const std::string suffix = ".service";
  const std::string longest(255 - suffix.size(), 'a');
  EXPECT_EQ(ParseUnitRef(longest), System(longest + suffix));
  EXPECT_EQ(ParseUnitRef(longest + "a"), std::nullopt);
}

TEST(UnitRefTest, TextAndUnitAreTheSame) {
  for (const char* text :
       {"nginx.service", "app-1.scope", "user:1000/app.service", "user:0/a.scope"})
    EXPECT_EQ(ToString(ParseUnitRef(text).value()), text);
}

TEST(FileIdentityTest, EveryFieldCounts) {
  const FileIdentity identity{1, 2, 3, 4, 5, 6};
  EXPECT_EQ(identity, (FileIdentity{1, 2, 3, 4, 5, 6}));
  EXPECT_NE(identity, (FileIdentity{9, 2, 3, 4, 5, 6}));
  EXPECT_NE(identity, (FileIdentity{1, 9, 3, 4, 5, 6}));
  EXPECT_NE(identity, (FileIdentity{1, 2, 9, 4, 5, 6}));
  EXPECT_NE(identity, (FileIdentity{1, 2, 3, 9, 5, 6}));
  EXPECT_NE(identity, (FileIdentity{1, 2, 3, 4, 9, 6}));
  EXPECT_NE(identity, (FileIdentity{1, 2, 3, 4, 5, 9}));
}

}  // namespace
}  // namespace rm
