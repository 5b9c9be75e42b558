#include "model/app.h"

#include <gtest/gtest.h>

namespace rm {
namespace {

App Unit(const std::string& name, ProcessId main) {
  App app;
  app.unit = UnitRef{std::nullopt, name};
  app.main = main;
  return app;
}

App Plain(ProcessId main) {
  App app;
  app.main = main;
  return app;
}

TEST(SameOwnerTest, AUnitIsTheSameWhateverItsMainProcess) {
  EXPECT_TRUE(SameOwner(Unit("a.service", {1, 1}), Unit("a.service", {2, 2})));
  EXPECT_FALSE(SameOwner(Unit("a.service", {1, 1}), Unit("b.service", {1, 1})));
  App user = Unit("a.service", {1, 1});
  user.unit->user = 1000;
  EXPECT_FALSE(SameOwner(user, Unit("a.service", {1, 1})));
}

TEST(SameOwnerTest, APlainProcessIsItsPidAndItsStart) {
  EXPECT_TRUE(SameOwner(Plain({1, 1}), Plain({1, 1})));
  EXPECT_FALSE(SameOwner(Plain({1, 1}), Plain({1, 2})));
  EXPECT_FALSE(SameOwner(Plain({1, 1}), Unit("a.service", {1, 1})));
}

TEST(AppTest, AServiceIsAUnitOfThatType) {
  EXPECT_TRUE(Unit("a.service", {}).is_service());
  EXPECT_FALSE(Unit("a.scope", {}).is_service());
  EXPECT_FALSE(Plain({1, 1}).is_service());
}

}  // namespace
}  // namespace rm
