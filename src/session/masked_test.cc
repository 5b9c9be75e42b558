// What do filters except, before the stop and after it?
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fakes/session_fixture.h"

namespace rm {
namespace {

using namespace test;
using ::testing::ElementsAre;
using ::testing::UnorderedElementsAre;

TEST_F(SessionTest, NoRestartIsStoppedAndStaysDown) {
  AddService(seen(), "nginx", 50);
  ASSERT_TRUE(session_.AddFilter(NoRestart(Filter::Service{"nginx"})));
  EXPECT_THAT(Listed(), ElementsAre("nginx.service 0x81"));
  EXPECT_EQ(Shutdown(), kSuccess);
  EXPECT_EQ(Restart(), kSuccess);
  EXPECT_THAT(Listed(), ElementsAre("nginx.service 0x82"));
  EXPECT_FALSE(machine_->Did("start nginx.service"));
}

TEST_F(SessionTest, NoShutdownLeavesOneAloneAndTheOthersLeave) {
  AddService(seen(), "nginx", 50);
  AddProgram(seen(), "apt", kInstaller);
  ASSERT_TRUE(session_.AddFilter(NoShutdown(Id(kInstaller))));
  EXPECT_EQ(session_.List(false)->reasons, 0u);
  EXPECT_EQ(Shutdown(), kSuccess);
  EXPECT_THAT(Listed(), ElementsAre("apt 0xc1", "nginx.service 0x2"));
}

TEST_F(SessionTest, AServiceKeptByAnAliasWasStopped) {
  AddService(seen(), "mariadb", 50).names.push_back("mysql.service");
  ASSERT_TRUE(session_.AddFilter(NoShutdown(Filter::Service{"mysql"})));
  EXPECT_EQ(Shutdown(), kSuccess);
  EXPECT_THAT(Listed(), ElementsAre("mariadb.service 0xc1"));
  EXPECT_EQ(std::get<Filter::Service>(session_.Filters()->at(0).target).name, "mysql");
}

TEST_F(SessionTest, AFilterNamesAnExecutableByAPathWithLinks) {
  AddProgram(seen(), "editor", 50);
  seen().processes[Id(50)].executable = "/usr/bin/editor";
  machine_->links["/bin/editor"] = "/usr/bin/editor";
  ASSERT_TRUE(session_.AddFilter(NoShutdown(Filter::Executable{"/bin/editor"})));
  EXPECT_EQ(Shutdown(), kSuccess);
  EXPECT_THAT(Listed(), ElementsAre("editor 0xc1"));
  EXPECT_EQ(std::get<Filter::Executable>(session_.Filters()->at(0).target).path, "/bin/editor");
}

TEST_F(SessionTest, AFilterThatComesAfterTheStopKeepsDownWhatItNames) {
  AddProgram(seen(), "editor", 50);
  RegisterForRestart(seen(), 50);
  AddService(seen(), "nginx", 51).names.push_back("www.service");
  AddService(seen(), "db", 52);
  EXPECT_EQ(Shutdown(), kSuccess);
  ASSERT_TRUE(session_.AddFilter(NoRestart(Id(50))));
  ASSERT_TRUE(session_.AddFilter(NoRestart(Filter::Service{"www"})));
  EXPECT_EQ(Restart(), kSuccess);
  EXPECT_THAT(percents_, ElementsAre(0, 100));
  EXPECT_FALSE(machine_->Did("start editor"));
  EXPECT_FALSE(machine_->Did("start nginx.service"));
  EXPECT_TRUE(machine_->Did("start db.service"));
  EXPECT_THAT(Listed(),
              UnorderedElementsAre("editor 0x82", "nginx.service 0x82", "db.service 0xa"));
  ASSERT_TRUE(session_.RemoveFilter(NoRestart(Id(50))));
  EXPECT_EQ(Restart(), kSuccess);
  EXPECT_FALSE(machine_->Did("start editor"));
}

// PID 1 would start it as soon as the installer dies.
TEST_F(SessionTest, AFilterThatComesAfterTheStopTakesTheStartOutOfTheQueue) {
  AddProgram(seen(), "editor", 50);
  RegisterForRestart(seen(), 50);
  AddService(seen(), "nginx", 51);
  AddService(seen(), "db", 52);
  EXPECT_EQ(Shutdown(), kSuccess);
  machine_->ForgetActs();
  ASSERT_TRUE(session_.AddFilter(NoRestart(Id(50))));
  EXPECT_THAT(machine_->acts(), ElementsAre("cancel start editor"));
  EXPECT_EQ(Owed(record_.id), 2u);
  machine_->ForgetActs();
  ASSERT_TRUE(session_.AddFilter(NoRestart(Filter::Service{"nginx"})));
  EXPECT_THAT(machine_->acts(), ElementsAre("cancel start nginx.service", "start db.service"));
  EXPECT_EQ(Owed(record_.id), 1u);
}

TEST_F(SessionTest, WhomAFilterKeptDownIsOwedAgainWithoutIt) {
  AddProgram(seen(), "editor", 50);
  RegisterForRestart(seen(), 50);
  AddService(seen(), "nginx", 51);
  EXPECT_EQ(Shutdown(), kSuccess);
  for (const Filter& filter : {NoRestart(Id(50)), NoRestart(Filter::Service{"nginx"})})
    ASSERT_TRUE(session_.AddFilter(filter));
  EXPECT_EQ(Owed(record_.id), 0u);
  machine_->ForgetActs();
  ASSERT_TRUE(session_.RemoveFilter(NoRestart(Id(50))));
  EXPECT_THAT(machine_->acts(), ElementsAre("queue editor"));
  ASSERT_TRUE(session_.RemoveFilter(NoRestart(Filter::Service{"nginx"})));
  EXPECT_EQ(Owed(record_.id), 2u);
  EXPECT_EQ(Restart(), kSuccess);
  EXPECT_THAT(Listed(), UnorderedElementsAre("editor 0xa", "nginx.service 0xa"));
}

TEST_F(SessionTest, AFilterThatCannotTakeTheStartOutOfTheQueueSaysSo) {
  AddService(seen(), "nginx", 51);
  EXPECT_EQ(Shutdown(), kSuccess);
  store_->FailNext("UpdateDebts", Error{kWriteFault, "disk full"});
  EXPECT_EQ(CodeOf(session_.AddFilter(NoRestart(Filter::Service{"nginx"}))), kWriteFault);
  EXPECT_EQ(Restart(), kSuccess);
  EXPECT_FALSE(machine_->Did("start nginx.service"));
}

// It would not come back when the installer dies, and nobody would know.
TEST_F(SessionTest, AFilterStaysWhenWhomItKeepsDownCannotBeQueuedAgain) {
  AddProgram(seen(), "editor", 50);
  RegisterForRestart(seen(), 50);
  EXPECT_EQ(Shutdown(), kSuccess);
  ASSERT_TRUE(session_.AddFilter(NoRestart(Id(50))));
  machine_->CannotBeQueued("editor");
  EXPECT_EQ(CodeOf(session_.RemoveFilter(NoRestart(Id(50)))), kWriteFault);
  EXPECT_EQ(session_.Filters()->size(), 1u);
  EXPECT_EQ(Owed(record_.id), 0u);
}

// Of one who was not asked yet it would take no start out of the queue, which is then queued all
// the same: PID 1 would start it if the installer died.
TEST_F(SessionTest, AFilterOfAnotherProcessWaitsForTheEndOfAShutdown) {
  AddService(seen(), "nginx", 51);
  AddService(seen(), "db", 52);
  Session other(record_, Role::kPrimary, machine_, store_, "/store");
  std::vector<uint32_t> codes;
  machine_->on_act = [&](const std::string& act) {
    if (act != "wait" || !codes.empty()) return;
    codes = {CodeOf(other.AddFilter(NoRestart(Filter::Service{"db"}))),
             CodeOf(other.RemoveFilter(NoRestart(Filter::Service{"db"}))),
             CodeOf(other.Shutdown({}, {})), CodeOf(other.Restart({}))};
  };
  EXPECT_EQ(Shutdown(), kSuccess);
  EXPECT_THAT(codes, ElementsAre(kSemTimeout, kSemTimeout, kSemTimeout, kSemTimeout))
      << "the fake does not wait";
  machine_->on_act = nullptr;
  EXPECT_EQ(Owed(record_.id), 2u);
  ASSERT_TRUE(other.AddFilter(NoShutdown(Filter::Service{"db"})));
  EXPECT_TRUE(machine_->Did("cancel start db.service")) << "it is down, and so it stays";
  EXPECT_EQ(Owed(record_.id), 1u);
}

// Its start was under way: it failed, and was told as one that did not come back.
TEST_F(SessionTest, AFilterOfAnotherProcessWaitsForTheEndOfARestart) {
  AddService(seen(), "nginx", 51);
  EXPECT_EQ(Shutdown(), kSuccess);
  Session other(record_, Role::kPrimary, machine_, store_, "/store");
  uint32_t code = kSuccess;
  machine_->on_act = [&](const std::string& act) {
    if (act == "start nginx.service")
      code = CodeOf(other.AddFilter(NoRestart(Filter::Service{"nginx"})));
  };
  EXPECT_EQ(Restart(), kSuccess);
  EXPECT_EQ(code, kSemTimeout) << "the fake does not wait";
  EXPECT_FALSE(machine_->Did("cancel start nginx.service"));
}

}  // namespace
}  // namespace rm
