// What the store on disk promises beyond the contract: other processes, other threads, other boots.
#include "store/sqlite_store.h"

#include <SQLiteCpp/SQLiteCpp.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <thread>

#include "base/unique_fd.h"
#include "base/win32_codes.h"
#include "store/row_sum.h"
#include "store/samples.h"
#include "store/schema.h"
#include "store/testing.h"

namespace rm {
namespace {

using ::testing::HasSubstr;

TEST(SqliteStoreTest, ASessionIsSharedBetweenProcesses) {
  const TestDirectory directory;
  const auto store = Open(directory.path());
  const auto session = store->Start(kOwner);
  ASSERT_TRUE(session);
  EXPECT_EQ(RunChild([&] {
              const auto other = Open(directory.path());
              const auto found = other->Find(session->key);
              EXPECT_TRUE(found) << MessageOf(found);
              EXPECT_TRUE(other->Register(found->id, SampleBatch()));
              EXPECT_EQ(*other->BootTime(), *store->BootTime());
              return 0;
            }),
            0);
  EXPECT_EQ(AllFields(store->Load(session->record.id)->registered.files),
            AllFields(SampleBatch().files));
}

TEST(SqliteStoreTest, EverythingIsThereAfterTheLastUserHasClosed) {
  const TestDirectory directory;
  const auto session = Open(directory.path())->Start(kOwner);
  ASSERT_TRUE(Open(directory.path())->Register(session->record.id, SampleBatch()));
  EXPECT_EQ(Open(directory.path())->Load(session->record.id)->registered.files.size(),
            SampleBatch().files.size());
}

TEST(SqliteStoreTest, AnEndedSessionLeavesNoRow) {
  const TestDirectory directory;
  const auto store = Open(directory.path());
  const SessionId session = store->Start(kOwner)->record.id;
  std::vector<Debt> debts = SampleDebts();
  ASSERT_TRUE(store->Register(session, SampleBatch()));
  ASSERT_TRUE(store->AddFilter(session, SampleFilters()[0]));
  ASSERT_TRUE(store->SaveSeen(session, SampleApps()));
  ASSERT_TRUE(store->AddDebts(session, debts));
  ASSERT_TRUE(store->End(session));
  SQLite::Database database(directory.database());
  for (const char* table : {"session", "registration", "filter", "seen", "debt"})
    EXPECT_EQ(database.execAndGet(fmt::format("SELECT count(*) FROM {}", table)).getInt(), 0)
        << table;
}

TEST(SqliteStoreTest, TheKeyIsNowhereInTheFiles) {
  const TestDirectory directory;
  const std::string alias(32, '7');
  std::string key;
  {
    const auto store = Open(directory.path());
    const auto session = store->Start(kOwner);
    key = session->key;
    ASSERT_TRUE(store->SetAlias(session->record.id, alias));
  }
  std::string bytes(std::filesystem::file_size(directory.database()), '\0');
  const UniqueFd file(::open(directory.database().c_str(), O_RDONLY | O_CLOEXEC));
  ASSERT_EQ(::read(file.get(), bytes.data(), bytes.size()), static_cast<ssize_t>(bytes.size()));
  EXPECT_EQ(bytes.find(key), std::string::npos);
  EXPECT_EQ(bytes.find(alias), std::string::npos);
}

TEST(SqliteStoreTest, NothingOfAnEnvironmentStaysAfterTheEnd) {
  const TestDirectory directory;
  const auto store = Open(directory.path());
  const auto somewhere = [&] {
    for (const auto& entry : std::filesystem::directory_iterator(directory.path())) {
      std::ifstream file(entry.path(), std::ios::binary);
      const std::string bytes{std::istreambuf_iterator<char>(file), {}};
      if (bytes.find("TOKEN=hunter2") != std::string::npos) return true;
    }
    return false;
  };
  const SessionId session = store->Start(kOwner)->record.id;
  std::vector<Debt> debts = SampleDebts();
  for (int i = 0; i < 100; ++i) debts[1].process->environment.push_back("TOKEN=hunter2");
  ASSERT_TRUE(store->AddDebts(session, debts));
  EXPECT_TRUE(somewhere());
  for (Debt& debt : debts) debt.state = DebtState::kPaid;
  ASSERT_TRUE(store->UpdateDebts(session, debts));
  ASSERT_TRUE(store->End(session));
  EXPECT_FALSE(somewhere());
}

TEST(SqliteStoreTest, AllFilesAreClosedToOthers) {
  const TestDirectory directory;
  const auto store = Open(directory.path());
  ASSERT_TRUE(store->Start(kOwner));
  int files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(directory.path())) {
    EXPECT_EQ(entry.status().permissions(), std::filesystem::perms(0600)) << entry.path();
    ++files;
  }
  EXPECT_EQ(files, 3);
}

// As if the store had been made in that boot, at that time.
void PutBoot(const TestDirectory& directory, const std::string& id, int64_t time_us) {
  SQLite::Database database(directory.database(), SQLite::OPEN_READWRITE);
  SQLite::Statement put(database, "UPDATE boot SET id = ?, time_us = ?, sum = ?");
  put.bind(1, id.data(), static_cast<int>(id.size()));
  put.bind(2, time_us);
  put.bind(3, RowSum({time_us}, {id}));
  put.exec();
}

TEST(SqliteStoreTest, TheSessionsOfAnotherBootAreForgotten) {
  const TestDirectory directory;
  NewSession session;
  {
    const auto store = Open(directory.path());
    session = *store->Start(kOwner);
    std::vector<Debt> debts = SampleDebts();
    ASSERT_TRUE(store->AddDebts(session.record.id, debts));
  }
  PutBoot(directory, "another", 5);
  const auto store = Open(directory.path());
  EXPECT_EQ(CodeOf(store->Find(session.key)), kSessionCredentialConflict);
  EXPECT_TRUE(store->All()->empty());
  EXPECT_GT(*store->BootTime(), 5);
}

TEST(SqliteStoreTest, TheBootTimeIsTheOneOfWhoeverCameFirst) {
  const TestDirectory directory;
  const int64_t first = *Open(directory.path())->BootTime();
  PutBoot(directory, *BootId(), first - 1);
  EXPECT_EQ(*Open(directory.path())->BootTime(), first - 1);
}

TEST(SqliteStoreTest, ThreadsShareOneStore) {
  const TestDirectory directory;
  const auto store = Open(directory.path());
  const SessionId session = store->Start(kOwner)->record.id;
  constexpr int kThreads = 8, kBatches = 50;
  std::vector<std::thread> threads;
  for (int thread = 0; thread < kThreads; ++thread)
    threads.emplace_back([&, thread] {
      for (int batch = 0; batch < kBatches; ++batch) {
        EXPECT_TRUE(store->Register(session, NumberedBatch(thread, 3)));
        EXPECT_TRUE(store->Load(session));
      }
    });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(store->Load(session)->registered.files.size(), kThreads * kBatches * 3u);
}

TEST(SqliteStoreTest, AfterAForkParentAndChildBothGoOn) {
  const TestDirectory directory;
  const auto store = Open(directory.path());
  const SessionId session = store->Start(kOwner)->record.id;
  const pid_t child = Fork([&] {
    for (int i = 0; i < 100; ++i)
      if (!store->Register(session, NumberedBatch(1, 2))) return 1;
    return 0;
  });
  for (int i = 0; i < 100; ++i) EXPECT_TRUE(store->Register(session, NumberedBatch(2, 2)));
  EXPECT_EQ(Wait(child), 0);
  EXPECT_EQ(store->Load(session)->registered.files.size(), 400u);
}

TEST(SqliteStoreTest, AForkWhileThreadsWriteHarmsNeitherSide) {
  const TestDirectory directory;
  const auto store = Open(directory.path());
  const SessionId session = store->Start(kOwner)->record.id;
  constexpr int kForks = 20;
  std::atomic<bool> stop = false;
  size_t written = 0;
  std::thread writer([&] {
    for (; !stop; ++written) EXPECT_TRUE(store->Register(session, NumberedBatch(2, 1)));
  });
  for (int i = 0; i < kForks; ++i)
    EXPECT_EQ(RunChild([&] { return store->Register(session, NumberedBatch(1, 1)) ? 0 : 1; }), 0);
  stop = true;
  writer.join();
  EXPECT_EQ(store->Load(session)->registered.files.size(), written + kForks);
}

// Holds the write lock in another process from construction to destruction.
class LockHolder {
 public:
  explicit LockHolder(const std::string& database) {
    int held[2], release[2];
    if (::pipe2(held, O_CLOEXEC) != 0 || ::pipe2(release, O_CLOEXEC) != 0) std::abort();
    child_ = Fork([&] {
      ::close(release[1]);
      SQLite::Database db(database, SQLite::OPEN_READWRITE);
      db.exec("BEGIN IMMEDIATE");
      char byte = 0;
      if (::write(held[1], &byte, 1) != 1) return 1;
      return ::read(release[0], &byte, 1) == 0 ? 0 : 1;
    });
    ::close(held[1]);
    ::close(release[0]);
    release_.Reset(release[1]);
    char byte = 0;
    if (::read(held[0], &byte, 1) != 1) ADD_FAILURE() << "the lock was not taken";
    ::close(held[0]);
  }
  ~LockHolder() {
    release_.Reset();
    EXPECT_EQ(Wait(child_), 0);
  }

 private:
  pid_t child_ = 0;
  UniqueFd release_;
};

TEST(SqliteStoreTest, ALockThatIsHeldPastTheLimitIs121) {
  const TestDirectory directory;
  const auto store = Open(directory.path());
  const SessionId session = store->Start(kOwner)->record.id;
  {
    const LockHolder holder(directory.database());
    store->SetLockLimit(std::chrono::milliseconds(20));
    const auto refused = store->Register(session, SampleBatch());
    EXPECT_EQ(CodeOf(refused), kSemTimeout);
    EXPECT_THAT(MessageOf(refused), HasSubstr("another installer"));
    EXPECT_EQ(CodeOf(store->Start(kOwner)), kSemTimeout);
    EXPECT_EQ(CodeOf(store->End(session)), kSemTimeout);
    EXPECT_TRUE(store->Load(session)) << "who only reads does not wait";
    const auto other = TryOpen(directory.path(), std::chrono::milliseconds(0));
    EXPECT_TRUE(other) << MessageOf(other);
  }
  store->SetLockLimit(kPatience);
  EXPECT_TRUE(store->Register(session, SampleBatch()));
  EXPECT_EQ(store->Load(session)->registered.files.size(), SampleBatch().files.size());
}

TEST(SqliteStoreTest, TheLockOfAKilledProcessIsFree) {
  const TestDirectory directory;
  const auto store = Open(directory.path());
  EXPECT_EQ(RunChild([&] {
              SQLite::Database db(directory.database(), SQLite::OPEN_READWRITE);
              db.exec("BEGIN IMMEDIATE; DELETE FROM boot");
              return ::raise(SIGKILL);
            }),
            128 + SIGKILL);
  store->SetLockLimit(std::chrono::milliseconds(0));
  EXPECT_TRUE(store->Start(kOwner));
  EXPECT_TRUE(store->BootTime());
}

TEST(SqliteStoreTest, AFailedCallUndoesAllOfItself) {
  const TestDirectory directory;
  const auto store = Open(directory.path());
  const SessionId session = store->Start(kOwner)->record.id;
  SQLite::Database(directory.database(), SQLite::OPEN_READWRITE)
      .exec(
          "CREATE TRIGGER second BEFORE INSERT ON debt WHEN (SELECT count(*) FROM debt) = 1 "
          "BEGIN SELECT RAISE(FAIL, 'no'); END");
  std::vector<Debt> debts = SampleDebts();
  EXPECT_EQ(CodeOf(store->AddDebts(session, debts)), kWriteFault);
  EXPECT_EQ(debts[0].id, 0u);
  EXPECT_TRUE(store->Load(session)->debts.empty());
  debts.pop_back();
  EXPECT_TRUE(store->AddDebts(session, debts));
}

}  // namespace
}  // namespace rm
