// Of which type is an app that hears more than signals?
#include <gtest/gtest.h>

#include "fakes/small_world.h"
#include "inspect/apps.h"

namespace rm {
namespace {

using namespace test;

App OnlyApp(const Observation& seen) {
  const auto apps = AffectedApps({}, seen, Onlooker{Id(900)}, false);
  EXPECT_EQ(apps.size(), 1u);
  return apps.empty() ? App() : apps[0];
}

TEST(ContactTest, WhoAnswersIsNeverUnknownAndWhoDoesNotIs) {
  Observation seen;
  AddProgram(seen, "daemon", 50).ignores_term = true;
  EXPECT_EQ(OnlyApp(seen).type, AppType::kUnknown);
  EXPECT_FALSE(OnlyApp(seen).answers);
  seen.contacts[Id(50)] = Contact{.answers = true};
  EXPECT_EQ(OnlyApp(seen).type, AppType::kConsole);
  EXPECT_TRUE(OnlyApp(seen).answers);
}

TEST(ContactTest, WindowsDecideTheTypeWhetherItAnswersOrNot) {
  Observation seen;
  AddProgram(seen, "editor", 50).blocks_term = true;
  seen.contacts[Id(50)] = Contact{.answers = true, .windows = true, .visible_window = true};
  EXPECT_EQ(OnlyApp(seen).type, AppType::kMainWindow);
  EXPECT_TRUE(OnlyApp(seen).answers);
  seen.contacts[Id(50)] = Contact{.windows = true};
  EXPECT_EQ(OnlyApp(seen).type, AppType::kOtherWindow);
  EXPECT_FALSE(OnlyApp(seen).answers);
}

TEST(ContactTest, OneProcessOfAnApplicationAnswersForAll) {
  Observation seen;
  AddProgram(seen, "browser", 50);
  AddProgram(seen, "tab", 51).ignores_term = true;
  for (pid_t pid : {50, 51}) Belongs(seen, pid, "app-browser.scope", OwnerKind::kAppScope);
  seen.contacts[Id(50)] = Contact{.answers = true};
  EXPECT_TRUE(OnlyApp(seen).answers);
  EXPECT_EQ(OnlyApp(seen).type, AppType::kConsole);
}

TEST(ContactTest, AnApplicationWithADisplayHasWindowsSomewhere) {
  Observation seen;
  AddProgram(seen, "helper", 51).ignores_term = true;
  seen.contacts[Id(51)] = Contact{.display = true};
  EXPECT_EQ(OnlyApp(seen).type, AppType::kUnknown) << "a plain program may have none at all";
  Belongs(seen, 51, "app-browser.scope", OwnerKind::kAppScope);
  EXPECT_EQ(OnlyApp(seen).type, AppType::kOtherWindow);
}

TEST(ContactTest, TheShellOfAUsersDesktopIsNoServiceLikeOthers) {
  Observation seen;
  AddService(seen, "plasma-plasmashell", 50);
  EXPECT_EQ(OnlyApp(seen).type, AppType::kService) << "the system has no desktop";
  Observation users;
  AddService(users, "user:1000/plasma-plasmashell", 50);
  EXPECT_EQ(OnlyApp(users).type, AppType::kExplorer);
  EXPECT_EQ(OnlyApp(users).come_back, ComeBack::kService);
}

TEST(ContactTest, AServiceIsStoppedByItsManagerAlsoIfItAnswers) {
  Observation seen;
  AddService(seen, "nginx", 50);
  seen.contacts[Id(50)] = Contact{.answers = true, .windows = true};
  EXPECT_FALSE(OnlyApp(seen).answers);
  EXPECT_EQ(OnlyApp(seen).type, AppType::kService);
}

TEST(ContactTest, WhoIsNoHolderDoesNotCount) {
  Observation seen;
  AddProgram(seen, "editor", 50);
  AddProcess(seen, "other", 51);
  seen.contacts[Id(51)] = Contact{.answers = true, .windows = true};
  EXPECT_FALSE(OnlyApp(seen).answers);
  EXPECT_EQ(OnlyApp(seen).type, AppType::kConsole);
}

}  // namespace
}  // namespace rm
