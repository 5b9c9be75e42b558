// What every session store promises, the one on disk and the fake that other tests rely on.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "base/win32_codes.h"
#include "fakes/fake_store.h"
#include "store/samples.h"
#include "store/testing.h"

namespace rm {
namespace {

using ::testing::HasSubstr;

struct OnDisk {
  std::unique_ptr<SessionStore> Make(std::function<bool(const ProcessId&)> is_alive) {
    auto store = OpenSqliteStore(directory.path(), kPatience, std::move(is_alive));
    return store ? std::move(*store) : nullptr;
  }
  TestDirectory directory;
};

struct InMemory {
  std::unique_ptr<SessionStore> Make(std::function<bool(const ProcessId&)> is_alive) {
    auto store = std::make_unique<FakeStore>();
    store->is_alive = std::move(is_alive);
    return store;
  }
};

template <class Maker>
class StoreContract : public ::testing::Test {
 protected:
  void SetUp() override {
    store_ = maker_.Make([this](const ProcessId& process) { return !dead_.contains(process); });
    ASSERT_NE(store_, nullptr);
  }

  NewSession Start(const ProcessId& owner = kOwner) {
    Result<NewSession> session = store_->Start(owner);
    EXPECT_TRUE(session) << MessageOf(session);
    return session.value_or(NewSession{});
  }
  SessionState Load(const NewSession& session) {
    Result<SessionState> state = store_->Load(session.record.id);
    EXPECT_TRUE(state) << MessageOf(state);
    return state.value_or(SessionState{});
  }

  Maker maker_;
  std::set<ProcessId> dead_;
  std::unique_ptr<SessionStore> store_;
};

using Makers = ::testing::Types<OnDisk, InMemory>;
TYPED_TEST_SUITE(StoreContract, Makers);

TYPED_TEST(StoreContract, ANewSessionHasAKeyANameAndTheFirstIndex) {
  const NewSession session = this->Start();
  EXPECT_EQ(session.key.size(), 32u);
  EXPECT_EQ(session.record.name.size(), 16u);
  EXPECT_EQ(session.record.index, 0u);
  EXPECT_EQ(session.record.owner, kOwner);
  EXPECT_GT(session.record.started_us, 0);
  EXPECT_FALSE(session.record.shutdown_attempted);
  EXPECT_EQ(this->Start().record.index, 1u);
}

TYPED_TEST(StoreContract, TheFirstFreeIndexIsTaken) {
  this->Start();
  const NewSession second = this->Start();
  this->Start();
  ASSERT_TRUE(this->store_->End(second.record.id));
  EXPECT_EQ(this->Start().record.index, 1u);
  EXPECT_EQ(this->Start().record.index, 3u);
}

TYPED_TEST(StoreContract, ASessionIsFoundByItsKeyInEitherCase) {
  this->Start();
  const NewSession session = this->Start();
  std::string upper = session.key;
  for (char& c : upper) c = static_cast<char>(std::toupper(c));
  for (const std::string& key : {session.key, upper}) {
    const Result<SessionRecord> found = this->store_->Find(key);
    ASSERT_TRUE(found) << MessageOf(found);
    EXPECT_EQ(found->id, session.record.id);
    EXPECT_EQ(found->name, session.record.name);
    EXPECT_EQ(found->index, 1u);
    EXPECT_EQ(found->owner, kOwner);
    EXPECT_EQ(found->started_us, session.record.started_us);
  }
}

TYPED_TEST(StoreContract, UnknownAndMalformedKeysAre1219) {
  this->Start();
  for (const std::string& key :
       {std::string(32, 'f'), std::string(), std::string(31, '0'), std::string("not a key")})
    EXPECT_EQ(CodeOf(this->store_->Find(key)), kSessionCredentialConflict) << key;
}

TYPED_TEST(StoreContract, ASessionIsFoundByItsAliasToo) {
  const std::string alias = "0123456789abcdef0123456789ABCDEF";
  const NewSession session = this->Start();
  this->Start();
  ASSERT_TRUE(this->store_->SetAlias(session.record.id, alias));
  for (const std::string& key :
       {alias, std::string("0123456789ABCDEF0123456789abcdef"), session.key})
    EXPECT_EQ(this->store_->Find(key)->id, session.record.id) << key;
  EXPECT_EQ(CodeOf(this->store_->SetAlias(session.record.id, "short")), kBadArguments);
  EXPECT_TRUE(this->store_->Find(alias));
  ASSERT_TRUE(this->store_->End(session.record.id));
  EXPECT_EQ(CodeOf(this->store_->Find(alias)), kSessionCredentialConflict);
  EXPECT_EQ(CodeOf(this->store_->SetAlias(session.record.id, alias)), kInvalidHandle);
}

TYPED_TEST(StoreContract, AnAliasMeansTheNewestSessionThatHasIt) {
  const std::string alias(32, '7');
  const NewSession older = this->Start();
  const NewSession newer = this->Start();
  ASSERT_TRUE(this->store_->SetAlias(older.record.id, alias));
  ASSERT_TRUE(this->store_->SetAlias(newer.record.id, alias));
  EXPECT_EQ(this->store_->Find(alias)->id, newer.record.id);
  ASSERT_TRUE(this->store_->End(newer.record.id));
  EXPECT_EQ(CodeOf(this->store_->Find(alias)), kSessionCredentialConflict);
}

TYPED_TEST(StoreContract, WhatIsRegisteredComesBackInOrder) {
  const NewSession session = this->Start();
  const NewSession other = this->Start();
  const Registration sample = SampleBatch();
  ASSERT_TRUE(this->store_->Register(session.record.id, sample));
  ASSERT_TRUE(this->store_->Register(other.record.id, NumberedBatch(9, 2)));
  ASSERT_TRUE(this->store_->Register(session.record.id, NumberedBatch(2, 1)));
  ASSERT_TRUE(this->store_->Register(session.record.id, Registration{}));
  Registration expected = sample;
  expected.files.push_back(NumberedBatch(2, 1).files[0]);
  const SessionState state = this->Load(session);
  EXPECT_EQ(AllFields(state.registered.files), AllFields(expected.files));
  EXPECT_EQ(state.registered.processes, expected.processes);
  EXPECT_EQ(state.registered.services, expected.services);
}

TYPED_TEST(StoreContract, FiltersComeBackAndTheNewerReplacesTheOlder) {
  const NewSession session = this->Start();
  const std::vector<Filter> filters = SampleFilters();
  for (const Filter& filter : filters)
    ASSERT_TRUE(this->store_->AddFilter(session.record.id, filter));
  EXPECT_EQ(AllFields(this->Load(session).filters), AllFields(filters));

  Filter newer = filters[0];
  newer.action = FilterAction::kNoShutdown;
  ASSERT_TRUE(this->store_->AddFilter(session.record.id, newer));
  EXPECT_EQ(AllFields(this->Load(session).filters),
            AllFields(std::vector<Filter>{filters[1], filters[2], newer}));
}

TYPED_TEST(StoreContract, ATargetInAnotherSpellingIsTheSameAndComesBackAsItWasSpelledLast) {
  const NewSession session = this->Start();
  const auto add = [&](auto target, FilterAction action) {
    ASSERT_TRUE(this->store_->AddFilter(session.record.id, Filter{target, action}));
  };
  add(Filter::Service{"nginx"}, FilterAction::kNoShutdown);
  add(Filter::Executable{"/bin/x"}, FilterAction::kNoShutdown);
  add(Filter::Service{"nginx.service"}, FilterAction::kNoRestart);
  add(Filter::Executable{"/bin//x"}, FilterAction::kNoRestart);
  EXPECT_EQ(
      AllFields(this->Load(session).filters),
      AllFields(std::vector<Filter>{{Filter::Service{"nginx.service"}, FilterAction::kNoRestart},
                                    {Filter::Executable{"/bin//x"}, FilterAction::kNoRestart}}));
  EXPECT_TRUE(this->store_->RemoveFilter(session.record.id, {Filter::Service{"nginx"}}));
  EXPECT_TRUE(this->store_->RemoveFilter(session.record.id, {Filter::Executable{"/./bin/x"}}));
  EXPECT_EQ(this->Load(session).filters.size(), 0u);
}

TYPED_TEST(StoreContract, AFilterIsRemovedByItsTargetOnceOnly) {
  const NewSession session = this->Start();
  const NewSession other = this->Start();
  const std::vector<Filter> filters = SampleFilters();
  for (const Filter& filter : filters)
    ASSERT_TRUE(this->store_->AddFilter(session.record.id, filter));
  EXPECT_EQ(CodeOf(this->store_->RemoveFilter(other.record.id, filters[1])), kFileNotFound);
  EXPECT_TRUE(this->store_->RemoveFilter(session.record.id, filters[1]));
  EXPECT_EQ(CodeOf(this->store_->RemoveFilter(session.record.id, filters[1])), kFileNotFound);
  EXPECT_EQ(this->Load(session).filters.size(), 2u);
}

TYPED_TEST(StoreContract, WhatWasSeenIsReplaced) {
  const NewSession session = this->Start();
  ASSERT_TRUE(this->store_->SaveSeen(session.record.id, {App{}}));
  ASSERT_TRUE(this->store_->SaveSeen(session.record.id, SampleApps()));
  EXPECT_EQ(AllFields(this->Load(session).seen), AllFields(SampleApps()));
}

TYPED_TEST(StoreContract, DebtsGetIdsAndKeepTheirLaterState) {
  const NewSession session = this->Start();
  std::vector<Debt> debts = SampleDebts();
  ASSERT_TRUE(this->store_->AddDebts(session.record.id, debts));
  EXPECT_NE(debts[0].id, 0u);
  EXPECT_NE(debts[0].id, debts[1].id);
  EXPECT_EQ(AllFields(this->Load(session).debts), AllFields(debts));

  debts[0].state = DebtState::kPaid;
  debts[0].relaunch_unit = "later.service";
  debts[0].spec_file = "/later";
  debts[0].stopped_run = "later";
  ASSERT_TRUE(this->store_->UpdateDebts(session.record.id, {debts[0]}));
  EXPECT_EQ(AllFields(this->Load(session).debts), AllFields(debts));
}

TYPED_TEST(StoreContract, AnUnknownDebtChangesNothing) {
  const NewSession session = this->Start();
  std::vector<Debt> debts = SampleDebts();
  ASSERT_TRUE(this->store_->AddDebts(session.record.id, debts));
  std::vector<Debt> changed = debts;
  changed[0].state = DebtState::kPaid;
  changed[1].id = 1'000'000;
  EXPECT_EQ(CodeOf(this->store_->UpdateDebts(session.record.id, changed)), kWriteFault);
  EXPECT_EQ(AllFields(this->Load(session).debts), AllFields(debts));
}

TYPED_TEST(StoreContract, TheAttemptIsRemembered) {
  const NewSession session = this->Start();
  ASSERT_TRUE(this->store_->SetShutdownAttempted(session.record.id));
  EXPECT_TRUE(this->Load(session).record.shutdown_attempted);
  EXPECT_TRUE(this->store_->Find(session.key)->shutdown_attempted);
}

TYPED_TEST(StoreContract, AfterTheEndEverythingIs6AndTheKey1219) {
  const NewSession session = this->Start();
  const SessionId id = session.record.id;
  ASSERT_TRUE(this->store_->Register(id, SampleBatch()));
  ASSERT_TRUE(this->store_->End(id));
  std::vector<Debt> debts = SampleDebts();
  EXPECT_EQ(CodeOf(this->store_->End(id)), kInvalidHandle);
  EXPECT_EQ(CodeOf(this->store_->Find(session.key)), kSessionCredentialConflict);
  EXPECT_EQ(CodeOf(this->store_->Load(id)), kInvalidHandle);
  EXPECT_EQ(CodeOf(this->store_->Register(id, SampleBatch())), kInvalidHandle);
  EXPECT_EQ(CodeOf(this->store_->AddFilter(id, SampleFilters()[0])), kInvalidHandle);
  EXPECT_EQ(CodeOf(this->store_->RemoveFilter(id, SampleFilters()[0])), kInvalidHandle);
  EXPECT_EQ(CodeOf(this->store_->SetShutdownAttempted(id)), kInvalidHandle);
  EXPECT_EQ(CodeOf(this->store_->SaveSeen(id, SampleApps())), kInvalidHandle);
  EXPECT_EQ(CodeOf(this->store_->AddDebts(id, debts)), kInvalidHandle);
  EXPECT_EQ(debts[0].id, 0u);
  EXPECT_EQ(CodeOf(this->store_->UpdateDebts(id, debts)), kInvalidHandle);
  EXPECT_THAT(MessageOf(this->store_->End(id)), HasSubstr("ended"));
}

TYPED_TEST(StoreContract, AnEndedSessionLeavesNothingToTheNext) {
  const NewSession first = this->Start();
  std::vector<Debt> debts = SampleDebts();
  ASSERT_TRUE(this->store_->Register(first.record.id, SampleBatch()));
  ASSERT_TRUE(this->store_->AddFilter(first.record.id, SampleFilters()[0]));
  ASSERT_TRUE(this->store_->SaveSeen(first.record.id, SampleApps()));
  ASSERT_TRUE(this->store_->AddDebts(first.record.id, debts));
  ASSERT_TRUE(this->store_->End(first.record.id));
  const SessionState state = this->Load(this->Start());
  EXPECT_TRUE(state.registered.files.empty());
  EXPECT_TRUE(state.filters.empty());
  EXPECT_TRUE(state.seen.empty());
  EXPECT_TRUE(state.debts.empty());
}

TYPED_TEST(StoreContract, SeventyInARowFindASlotEach) {
  for (int i = 0; i < 70; ++i) {
    const NewSession session = this->Start();
    EXPECT_EQ(session.record.index, 0u);
    ASSERT_TRUE(this->store_->End(session.record.id));
  }
}

TYPED_TEST(StoreContract, TheSixtyFifthIs353UntilOneEnds) {
  std::vector<NewSession> sessions;
  for (int i = 0; i < 64; ++i) sessions.push_back(this->Start());
  EXPECT_EQ(CodeOf(this->store_->Start(kOwner)), kMaxSessionsReached);
  ASSERT_TRUE(this->store_->End(sessions[40].record.id));
  EXPECT_EQ(this->Start().record.index, 40u);
}

TYPED_TEST(StoreContract, SessionsOfTheDeadAreSweptByTheNextStart) {
  constexpr ProcessId kGone{99, 1};
  std::vector<NewSession> sessions;
  for (int i = 0; i < 64; ++i) sessions.push_back(this->Start(i % 2 == 0 ? kGone : kOwner));
  this->dead_.insert(kGone);
  EXPECT_EQ(this->Start().record.index, 0u);
  EXPECT_EQ(this->store_->All()->size(), 33u);
  EXPECT_EQ(CodeOf(this->store_->Load(sessions[0].record.id)), kInvalidHandle);
  EXPECT_TRUE(this->store_->Load(sessions[1].record.id));
}

TYPED_TEST(StoreContract, WhatTheDeadOweIsKeptAndDoesNotCount) {
  constexpr ProcessId kGone{99, 1};
  const NewSession owing = this->Start(kGone);
  const NewSession paid = this->Start(kGone);
  std::vector<Debt> debts = SampleDebts();
  ASSERT_EQ(debts[0].state, DebtState::kOwed);
  ASSERT_TRUE(this->store_->AddDebts(owing.record.id, debts));
  for (Debt& debt : debts) debt.state = DebtState::kPaid;
  ASSERT_TRUE(this->store_->AddDebts(paid.record.id, debts));
  this->dead_.insert(kGone);
  for (int i = 0; i < 64; ++i) this->Start();
  EXPECT_EQ(CodeOf(this->store_->Start(kOwner)), kMaxSessionsReached);

  const auto all = this->store_->All();
  ASSERT_TRUE(all) << MessageOf(all);
  ASSERT_EQ(all->size(), 65u);
  EXPECT_EQ((*all)[0].record.id, owing.record.id);
  EXPECT_EQ((*all)[0].debts.size(), 2u);
  EXPECT_EQ((*all)[1].record.index, 1u);
  EXPECT_NE((*all)[1].record.id, paid.record.id);
}

TYPED_TEST(StoreContract, TheBootTimeStays) {
  const auto first = this->store_->BootTime();
  ASSERT_TRUE(first) << MessageOf(first);
  EXPECT_GT(*first, 0);
  EXPECT_EQ(*this->store_->BootTime(), *first);
}

}  // namespace
}  // namespace rm
