#include "session/give_up.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fakes/session_fixture.h"
#include "session/recover.h"

namespace rm {
namespace {

using namespace test;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

class GiveUpTest : public SessionTest {
 protected:
  static constexpr pid_t kDead = 901, kAlive = 902;

  GiveUpTest() { machine_->Dies(Id(kDead)); }

  // A session of this owner that has stopped all that is in `world`.
  SessionRecord Stops(pid_t owner, const Observation& world) {
    const SessionRecord record = store_->Start(Id(owner))->record;
    Session session(record, Role::kPrimary, machine_, store_, "/store");
    session.SetOption([](SessionOptions& options) { options.relaunch = true; });
    seen() = world;
    EXPECT_TRUE(session.Shutdown({}, {}));
    machine_->ForgetActs();
    return record;
  }
  static Observation World(const std::vector<std::pair<std::string, pid_t>>& services,
                           const std::vector<std::pair<std::string, pid_t>>& programs = {}) {
    Observation world;
    for (const auto& [name, pid] : services) AddService(world, name, pid);
    for (const auto& [name, pid] : programs) {
      AddProgram(world, name, pid);
      RegisterForRestart(world, pid);
    }
    return world;
  }

  uint32_t GiveUp(std::vector<std::string> names, bool dry_run = false) {
    told_.clear();
    const auto given = rm::GiveUp(
        machine_, store_, "/store", {std::move(names), "user 0 (root)", dry_run},
        [&](const Event& event) {
          EXPECT_EQ(event.kind, EventKind::kGivenUp);
          told_.push_back(fmt::format("{} {}: {}", event.name, event.process.pid, event.text));
        },
        {}, [&](const JournalRecord& record) { journal_.push_back(record); });
    said_ = given ? "" : given.error().message;
    return CodeOf(given);
  }
  std::vector<std::string> OwedBy(const SessionRecord& record) {
    std::vector<std::string> owed;
    for (const Debt& debt : store_->Peek(record.id).debts)
      if (debt.state == DebtState::kOwed || debt.state == DebtState::kFailed)
        owed.push_back(debt.unit ? ToString(*debt.unit) : debt.app_name);
    return owed;
  }
  bool IsThere(const SessionRecord& record) {
    const auto all = store_->All().value();
    return std::ranges::any_of(
        all, [&](const SessionState& state) { return state.record.id == record.id; });
  }

  std::vector<std::string> told_;
  std::vector<JournalRecord> journal_;
  std::string said_;
};

// A unit that fails each time was owed for ever, and every recovery said so again.
TEST_F(GiveUpTest, WhatIsNamedIsNotOwedAnyMoreAndAllElseIs) {
  const auto session = Stops(kDead, World({{"nginx", 50}, {"db", 51}}));
  machine_->FailsToStart("nginx.service", "exit status 1");
  EXPECT_EQ(CodeOf(Recover(machine_, store_, "/store", {}, {})), kFailRestart);
  EXPECT_EQ(CodeOf(Recover(machine_, store_, "/store", {}, {})), kFailRestart) << "for ever";
  const auto other = Stops(kDead, World({{"web", 52}}));
  EXPECT_EQ(GiveUp({"nginx"}), kSuccess) << said_;
  EXPECT_THAT(machine_->acts(), ElementsAre("cancel start nginx.service", "release"));
  EXPECT_THAT(OwedBy(other), ElementsAre("web.service"));
  EXPECT_FALSE(IsThere(session)) << "it owes nothing any more";
  EXPECT_THAT(machine_->cleaned_up, ElementsAre(session.name));
  EXPECT_THAT(told_, ElementsAre(HasSubstr("given up by user 0 (root)")));
  EXPECT_EQ(CodeOf(Recover(machine_, store_, "/store", {}, {})), kSuccess);
  EXPECT_TRUE(machine_->Did("start web.service"));
  EXPECT_FALSE(machine_->Did("start nginx.service"));
}

TEST_F(GiveUpTest, TheOthersOfItsSessionStayOwedAndItSaysWhatBecameOfIt) {
  const auto session = Stops(kDead, World({{"nginx", 50}, {"db", 51}}));
  EXPECT_EQ(GiveUp({"nginx.service"}), kSuccess) << said_;
  EXPECT_THAT(machine_->acts(), ElementsAre("cancel start nginx.service")) << "db waits on";
  EXPECT_THAT(OwedBy(session), ElementsAre("db.service"));
  for (const App& app : store_->Peek(session.id).seen) {
    const bool is_given_up = app.unit->name == "nginx.service";
    EXPECT_EQ(app.why_not_back, is_given_up ? "given up by user 0 (root)" : "");
    EXPECT_EQ(app.outcome, is_given_up ? Outcome::kFailed : Outcome::kNone);
  }
  ASSERT_EQ(journal_.size(), 1u);
  EXPECT_EQ(journal_[0].event, JournalEvent::kGivenUp);
}

TEST_F(GiveUpTest, ADryRunOnlyTells) {
  const auto session = Stops(kDead, World({{"nginx", 50}}));
  EXPECT_EQ(GiveUp({"nginx"}, true), kSuccess);
  EXPECT_THAT(told_, ElementsAre(HasSubstr("owed by session " + session.name)));
  EXPECT_THAT(OwedBy(session), ElementsAre("nginx.service"));
  EXPECT_THAT(machine_->acts(), IsEmpty());
  EXPECT_THAT(journal_, IsEmpty());
}

TEST_F(GiveUpTest, ASessionStandsForAllThatItOwes) {
  const auto session = Stops(kDead, World({{"nginx", 50}, {"db", 51}}));
  EXPECT_EQ(GiveUp({session.name}), kSuccess) << said_;
  EXPECT_EQ(told_.size(), 2u);
  EXPECT_FALSE(IsThere(session));
}

TEST_F(GiveUpTest, ProgramsAreNamedByTheirPidOrAsLongAsThatIsOneByTheirName) {
  const auto session = Stops(kDead, World({}, {{"editor", 60}, {"sleep", 61}, {"sleep", 62}}));
  ASSERT_EQ(OwedBy(session).size(), 3u);
  EXPECT_EQ(GiveUp({"sleep"}), kBadArguments);
  EXPECT_THAT(said_, HasSubstr("61, 62"));
  EXPECT_EQ(GiveUp({"62"}), kSuccess) << said_;
  EXPECT_THAT(told_, ElementsAre(HasSubstr("sleep 62")));
  EXPECT_EQ(GiveUp({"sleep", "editor"}), kSuccess) << said_;
  EXPECT_FALSE(IsThere(session));
}

TEST_F(GiveUpTest, NothingIsGivenUpUnlessEachNameIsUnderstood) {
  const auto session = Stops(kDead, World({{"nginx", 50}}));
  EXPECT_EQ(GiveUp({}), kBadArguments);
  EXPECT_EQ(GiveUp({"nginx", "ngingx"}), kFileNotFound);
  EXPECT_THAT(said_, HasSubstr("\"ngingx\""));
  EXPECT_EQ(GiveUp({"nginx", "50"}), kFileNotFound) << "its service had that pid";
  EXPECT_THAT(OwedBy(session), ElementsAre("nginx.service"));
  EXPECT_THAT(machine_->acts(), IsEmpty());
}

TEST_F(GiveUpTest, ALivingInstallerDecidesItself) {
  const auto living = Stops(kAlive, World({{"nginx", 50}}));
  for (const std::string& name : {std::string("nginx"), living.name}) {
    EXPECT_EQ(GiveUp({name}), kSessionCredentialConflict);
    EXPECT_THAT(said_, HasSubstr("902"));
  }
  const auto dead = Stops(kDead, World({{"nginx", 50}}));
  EXPECT_EQ(GiveUp({"nginx"}), kSuccess) << "what the dead one owes of it";
  EXPECT_FALSE(IsThere(dead));
  EXPECT_THAT(OwedBy(living), ElementsAre("nginx.service"));
}

TEST_F(GiveUpTest, WhatSomebodyElseIsStartingIsWaitedFor) {
  const auto session = Stops(kDead, World({{"nginx", 50}}));
  machine_->paid_by_another.insert(session.name);
  EXPECT_EQ(GiveUp({"nginx"}), kSemTimeout);
  EXPECT_THAT(OwedBy(session), ElementsAre("nginx.service"));
}

TEST_F(GiveUpTest, WhateverCallOfTheStoreFailsItIsOwedOrGivenUp) {
  for (size_t n = 1;; ++n) {
    const auto session = Stops(kDead, World({{"nginx", 50}}));
    const size_t before = store_->calls().size();
    store_->FailCall(n, Error{kWriteFault, "disk full"});
    const uint32_t code = GiveUp({"nginx"});
    if (store_->calls().size() - before < n) {
      EXPECT_GT(n, 3u);
      break;
    }
    EXPECT_TRUE(code == kSuccess || code == kWriteFault);
    if (code != kSuccess && told_.empty()) {
      EXPECT_THAT(OwedBy(session), ElementsAre("nginx.service")) << "call " << n;
    }
    (void)store_->End(session.id);
  }
}

}  // namespace
}  // namespace rm
