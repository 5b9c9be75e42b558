#include "machine/lifetime.h"

#include <gtest/gtest.h>
#include <pwd.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>

#include "holder/holder.h"

namespace rm {
namespace {

constexpr uint64_t kHangUp = uint64_t{1} << (SIGHUP - 1);

class Lifetime : public ::testing::Test {
 protected:
  Lifetime() {
    owner_.unit = {std::nullopt, "session-4.scope"};
    owner_.kind = OwnerKind::kLoginSession;
  }
  bool EndsSooner(std::optional<uid_t> manager_of) const {
    return !WhyItEndsSooner(spec_, process_, owner_, manager_of, directory_.path()).empty();
  }

  const test::TemporaryDirectory directory_;
  RelaunchSpec spec_;
  ProcessFacts process_;
  Owner owner_;
};

TEST_F(Lifetime, WhatOutlivesALogoutEndsWithItOnceItsUserHasStartedItAgain) {
  EXPECT_TRUE(EndsSooner(geteuid()));
  EXPECT_FALSE(EndsSooner(std::nullopt)) << "root's manager stays";
  process_.has_terminal = true;
  EXPECT_FALSE(EndsSooner(geteuid())) << "it ends with its terminal";
  spec_.ignored_signals = kHangUp;
  EXPECT_TRUE(EndsSooner(geteuid())) << "nohup";
}

TEST_F(Lifetime, WhatEndsWithItsDisplayAnywayEndsNoSooner) {
  spec_.environment = {"DISPLAY="};
  EXPECT_TRUE(EndsSooner(geteuid()));
  spec_.environment = {"DISPLAY=:0"};
  EXPECT_FALSE(EndsSooner(geteuid()));
  spec_.environment = {"WAYLAND_DISPLAY=wayland-0"};
  EXPECT_FALSE(EndsSooner(geteuid()));
}

TEST_F(Lifetime, OfAnotherUnitItIsNoQuestion) {
  owner_.kind = OwnerKind::kAppScope;
  EXPECT_FALSE(EndsSooner(geteuid()));
}

TEST_F(Lifetime, WhoLingersHasAManagerThatStays) {
  const passwd* user = getpwuid(geteuid());
  if (!user) GTEST_SKIP() << "needs a user with a name";
  std::ofstream(directory_.path() + "/" + user->pw_name);
  EXPECT_FALSE(EndsSooner(geteuid()));
}

}  // namespace
}  // namespace rm
