#include "session/status.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fakes/small_world.h"

namespace rm {
namespace {

using namespace test;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

App With(App app, uint32_t status) {
  app.status = status;
  return app;
}

// "editor 1 0x2"
std::vector<std::string> Merge(std::vector<App> now, const std::vector<App>& before, bool alive) {
  std::vector<std::string> merged;
  for (const App& app : MergeSeen(std::move(now), before, [&](const auto&) { return alive; }))
    merged.push_back(fmt::format("{} {} 0x{:x}", app.name, app.main.pid, app.status));
  return merged;
}

TEST(MergeSeenTest, WhoIsStillThereIsListedOnce) {
  EXPECT_THAT(Merge({Program("editor", 1)}, {Program("editor", 1)}, true),
              ElementsAre("editor 1 0x1"));
}

TEST(MergeSeenTest, WhoDidNotLeaveKeepsThatMark) {
  EXPECT_THAT(Merge({Program("editor", 1)}, {With(Program("editor", 1), 0x11)}, true),
              ElementsAre("editor 1 0x11"));
}

TEST(MergeSeenTest, WhoVanishedWasStoppedByAnother) {
  EXPECT_THAT(Merge({}, {Program("editor", 1)}, false), ElementsAre("editor 1 0x4"));
  EXPECT_THAT(Merge({}, {With(Program("editor", 1), 0x11)}, false), ElementsAre("editor 1 0x4"));
  EXPECT_THAT(Merge({}, {With(Program("editor", 1), 0xC1)}, false), ElementsAre("editor 1 0xc4"));
}

TEST(MergeSeenTest, WhoLivesAndHoldsNothingAnyMoreIsForgotten) {
  EXPECT_THAT(Merge({}, {Program("editor", 1)}, true), IsEmpty());
}

TEST(MergeSeenTest, WhatBecameOfWhoEndedStays) {
  for (uint32_t status : {0x02, 0x04, 0x0A, 0x22, 0x82})
    EXPECT_THAT(Merge({}, {With(Program("editor", 1), status)}, false),
                ElementsAre(fmt::format("editor 1 0x{:x}", status)));
}

TEST(MergeSeenTest, ARestartedServiceThatHoldsTheFileAgainIsASecondEntry) {
  EXPECT_THAT(Merge({Service("nginx", 2)}, {With(Service("nginx", 1), 0x0A)}, true),
              ElementsAre("nginx 2 0x1", "nginx 1 0xa"));
}

TEST(MergeSeenTest, AServiceThatRestartedByItselfIsNotTwoEntries) {
  EXPECT_THAT(Merge({Service("nginx", 2)}, {Service("nginx", 1)}, false),
              ElementsAre("nginx 2 0x1"));
}

TEST(MergeSeenTest, AnotherProcessWithAReusedPidIsAnotherApp) {
  App reused = Program("other", 1);
  reused.main.start_ticks = 5;
  EXPECT_THAT(Merge({reused}, {Program("editor", 1)}, false),
              ElementsAre("other 1 0x1", "editor 1 0x4"));
}

}  // namespace
}  // namespace rm
