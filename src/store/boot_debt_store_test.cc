// Does a session's debt outlive the boot? The store on disk, with a directory beside it that stays.
#include <SQLiteCpp/SQLiteCpp.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "base/win32_codes.h"
#include "store/boot_debt_files.h"
#include "store/samples.h"
#include "store/testing.h"

namespace rm {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr ProcessId kDead{4712, 1};

Debt Owed(const std::string& unit) {
  Debt debt;
  debt.unit = UnitRef{{}, unit};
  debt.app_name = unit;
  debt.state = DebtState::kPlanned;
  return debt;
}

class BootDebtStoreTest : public ::testing::Test {
 protected:
  std::unique_ptr<SessionStore> OpenIt() {
    auto store = OpenSqliteStore(
        run_.path(), kPatience, [](const ProcessId& process) { return process == kOwner; }, kept_);
    EXPECT_TRUE(store) << MessageOf(store);
    return std::move(*store);
  }

  // A session that has stopped these.
  SessionRecord Stops(SessionStore& store, const std::vector<std::string>& units) {
    const SessionRecord record = store.Start(kOwner)->record;
    std::vector<Debt> debts;
    for (const std::string& unit : units) debts.push_back(Owed(unit));
    EXPECT_TRUE(store.AddDebts(record.id, debts));
    EXPECT_THAT(Kept(), IsEmpty()) << "nobody was asked to stop yet";
    EXPECT_TRUE(SetState(store, record.id, DebtState::kOwed));
    return record;
  }
  static Result<void> SetState(SessionStore& store, SessionId session, DebtState state) {
    std::vector<Debt> debts = store.Load(session)->debts;
    for (Debt& debt : debts) debt.state = state;
    return store.UpdateDebts(session, debts);
  }

  // /run is empty after a boot, and the boot has another id.
  void Reboot() {
    for (const auto& entry : std::filesystem::directory_iterator(run_.path()))
      std::filesystem::remove(entry.path());
    for (const std::string& name : Kept()) {
      std::stringstream text;
      text << std::ifstream(kept_ + "/" + name).rdbuf();
      auto debts = ParseBootDebts(text.str());
      if (debts) debts->boot_id = "an-earlier-one";
      if (debts) std::ofstream(kept_ + "/" + name) << Serialize(*debts);
    }
  }

  std::vector<std::string> Kept() const {
    std::vector<std::string> names;
    if (!std::filesystem::exists(kept_)) return names;
    for (const auto& entry : std::filesystem::directory_iterator(kept_))
      names.push_back(entry.path().filename());
    std::ranges::sort(names);
    return names;
  }

  const TestDirectory run_, disk_;
  const std::string kept_ = disk_.path() + "/restart-manager";
};

TEST_F(BootDebtStoreTest, ASessionThatStopsNothingTouchesNoDisk) {
  const auto store = OpenIt();
  const SessionId session = store->Start(kOwner)->record.id;
  ASSERT_TRUE(store->Register(session, SampleBatch()));
  ASSERT_TRUE(store->SaveSeen(session, SampleApps()));
  ASSERT_TRUE(store->End(session));
  EXPECT_FALSE(std::filesystem::exists(kept_));
}

TEST_F(BootDebtStoreTest, ItIsOnDiskFromTheStopToTheRestart) {
  const auto store = OpenIt();
  const SessionRecord session = Stops(*store, {"nginx.service"});
  EXPECT_THAT(Kept(), ElementsAre("owed-" + session.name));
  ASSERT_TRUE(SetState(*store, session.id, DebtState::kPaid));
  EXPECT_THAT(Kept(), IsEmpty());
}

TEST_F(BootDebtStoreTest, WhatIsLeftDownStaysDown) {
  const auto store = OpenIt();
  const SessionRecord session = Stops(*store, {"nginx.service"});
  ASSERT_TRUE(store->End(session.id));
  EXPECT_THAT(Kept(), IsEmpty());
}

TEST_F(BootDebtStoreTest, TheSameBootTakesNothingOver) {
  const auto store = OpenIt();
  Stops(*store, {"nginx.service"});
  ASSERT_TRUE(store->AdoptEarlier());
  EXPECT_EQ(store->All()->size(), 1u);
  EXPECT_FALSE(OpenIt()->Start(kOwner)->dead_owe);
}

TEST_F(BootDebtStoreTest, TheNextBootTakesItOverOnce) {
  const SessionRecord session = Stops(*OpenIt(), {"nginx.service", "db.service"});
  Reboot();
  const auto store = OpenIt();
  EXPECT_TRUE(store->Start(kOwner)->dead_owe) << "the next session pays";
  ASSERT_TRUE(store->AdoptEarlier());
  ASSERT_TRUE(OpenIt()->AdoptEarlier());
  const auto all = store->All();
  ASSERT_EQ(all->size(), 2u);
  const SessionState& earlier = (*all)[1];
  EXPECT_EQ(earlier.record.id, session.id);
  EXPECT_EQ(earlier.record.name, session.name);
  EXPECT_EQ(earlier.record.owner, ProcessId{});
  EXPECT_EQ(earlier.record.started_us, session.started_us);
  ASSERT_EQ(earlier.debts.size(), 2u);
  EXPECT_EQ(earlier.debts[0].unit->name, "nginx.service");
  EXPECT_EQ(earlier.debts[1].state, DebtState::kOwed);
}

// A second power failure, before it was paid or while it was: the boot after that tries again.
TEST_F(BootDebtStoreTest, ItStaysOnDiskUntilEachWasTried) {
  const SessionRecord session = Stops(*OpenIt(), {"nginx.service", "db.service"});
  Reboot();
  {
    const auto store = OpenIt();
    ASSERT_TRUE(store->AdoptEarlier());
    EXPECT_THAT(Kept(), ElementsAre("owed-" + session.name));
    std::vector<Debt> debts = store->Load(session.id)->debts;
    debts[0].state = DebtState::kPaid;
    ASSERT_TRUE(store->UpdateDebts(session.id, debts));
    EXPECT_THAT(Kept(), ElementsAre("owed-" + session.name));
  }
  Reboot();
  const auto store = OpenIt();
  ASSERT_TRUE(store->AdoptEarlier());
  EXPECT_EQ(store->Load(session.id)->debts.size(), 2u);
  ASSERT_TRUE(SetState(*store, session.id, DebtState::kFailed));
  EXPECT_THAT(Kept(), IsEmpty()) << "one boot is one try";
  EXPECT_EQ(store->All()->size(), 1u) << "recover may try again, while this boot lasts";
}

TEST_F(BootDebtStoreTest, WhatOneBootCouldNotStartTheNextOneTriesAgain) {
  const auto store = OpenIt();
  const SessionRecord session = Stops(*store, {"nginx.service"});
  ASSERT_TRUE(SetState(*store, session.id, DebtState::kFailed));
  EXPECT_THAT(Kept(), ElementsAre("owed-" + session.name));
}

TEST_F(BootDebtStoreTest, ADamagedFileIsToldAndTheOthersAreTakenOver) {
  SessionRecord bad, good;
  {
    const auto store = OpenIt();
    bad = store->Start(kDead)->record;
    good = Stops(*store, {"db.service"});
  }
  std::ofstream(kept_ + "/owed-" + bad.name) << "restart-manager";
  Reboot();
  const auto store = OpenIt();
  const auto adopted = store->AdoptEarlier();
  EXPECT_EQ(CodeOf(adopted), kWriteFault);
  EXPECT_THAT(MessageOf(adopted), HasSubstr("damaged-" + bad.name));
  ASSERT_EQ(store->All()->size(), 1u);
  EXPECT_EQ(store->All()->front().record.name, good.name);
  EXPECT_TRUE(store->AdoptEarlier());
}

// Nothing is stopped that could not be written down for the next boot as well.
TEST_F(BootDebtStoreTest, WhatCannotBeKeptIsNotOwed) {
  const auto store = OpenIt();
  const SessionId session = store->Start(kOwner)->record.id;
  std::vector<Debt> debts{Owed("nginx.service")};
  ASSERT_TRUE(store->AddDebts(session, debts));
  ASSERT_EQ(::symlink("/", kept_.c_str()), 0);
  EXPECT_EQ(CodeOf(SetState(*store, session, DebtState::kOwed)), kWriteFault);
  EXPECT_EQ(store->Load(session)->debts[0].state, DebtState::kPlanned);
}

}  // namespace
}  // namespace rm
