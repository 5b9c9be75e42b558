#include "inspect/why_type.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fakes/small_world.h"
#include "inspect/apps.h"

namespace rm {
namespace {

using namespace test;
using ::testing::HasSubstr;

std::string WhyOf(const Observation& seen) {
  Registration registered;
  registered.files = {FileResource{"/lib", {}, {}}};
  const auto apps = AffectedApps(registered, seen, Onlooker{Id(900), {}, 0, {}}, false);
  return apps.size() == 1 ? apps[0].why_type : "not one app";
}

TEST(WhyTypeTest, AServiceIsOneBecauseOfItsUnit) {
  Observation seen;
  AddService(seen, "nginx", 50);
  EXPECT_THAT(WhyOf(seen), HasSubstr("nginx.service, a unit of the system's"));
  Observation of_user;
  AddService(of_user, "user:1000/app", 50);
  EXPECT_THAT(WhyOf(of_user), HasSubstr("app.service, a unit of the service manager of user 1000"));
}

TEST(WhyTypeTest, AProgramIsWhatReachesIt) {
  Observation seen;
  ProcessFacts& editor = AddProgram(seen, "editor", 50);
  EXPECT_EQ(WhyOf(seen), "SIGTERM reaches it");
  editor.ignores_term = true;
  EXPECT_THAT(WhyOf(seen), HasSubstr("ignores SIGTERM"));
  editor.ignores_term = false;
  editor.blocks_term = true;
  EXPECT_THAT(WhyOf(seen), HasSubstr("blocks SIGTERM"));
  editor.has_terminal = true;
  EXPECT_EQ(WhyOf(seen), "it has a controlling terminal");
  seen.contacts[Id(50)].answers = true;
  EXPECT_THAT(WhyOf(seen), HasSubstr("answers"));
  seen.contacts[Id(50)].windows = true;
  EXPECT_THAT(WhyOf(seen), HasSubstr("none of which is shown"));
  seen.contacts[Id(50)].visible_window = true;
  EXPECT_EQ(WhyOf(seen), "one of its windows is shown");
}

TEST(WhyTypeTest, WhatCannotBeStoppedSaysWhy) {
  Observation seen;
  AddProgram(seen, "kthread", 50).kernel_thread = true;
  EXPECT_THAT(WhyOf(seen), HasSubstr("kernel"));
}

}  // namespace
}  // namespace rm
