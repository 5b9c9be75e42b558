// Is anything lost when processes are killed, or when many write at the same time?
#include <SQLiteCpp/SQLiteCpp.h>
#include <gtest/gtest.h>

#include <csignal>
#include <map>

#include "store/samples.h"
#include "store/testing.h"

namespace rm {
namespace {

constexpr size_t kBatchSize = 200;

// Registers batch after batch and says so on the pipe after each.
int RegisterForever(const std::string& directory, const std::string& key, int progress) {
  const auto store = Open(directory);
  const auto session = store->Find(key);
  for (int batch = 0; session; ++batch) {
    if (!store->Register(session->id, NumberedBatch(batch, kBatchSize))) return 1;
    if (::write(progress, &batch, sizeof batch) != sizeof batch) return 2;
  }
  return 3;
}

TEST(StoreCrashTest, AfterAKillWhateverWasSaidToBeStoredIsStoredAndNothingByHalves) {
  const TestDirectory directory;
  const auto store = Open(directory.path());
  unsigned random = 1;
  constexpr int kRounds = 60;
  for (int round = 0; round < kRounds; ++round) {
    const auto session = store->Start(kOwner);
    ASSERT_TRUE(session) << MessageOf(session);
    int progress[2];
    ASSERT_EQ(::pipe2(progress, O_CLOEXEC), 0);
    const pid_t child = Fork([&] {
      ::close(progress[0]);
      return RegisterForever(directory.path(), session->key, progress[1]);
    });
    ::close(progress[1]);
    // Somewhere in the batch after a random one: the moment is the scheduler's choice.
    int said = -1;
    for (unsigned left = (random = random * 1'103'515'245 + 12'345) / 65'536 % 12; left > 0; --left)
      ASSERT_EQ(::read(progress[0], &said, sizeof said), static_cast<ssize_t>(sizeof said));
    ASSERT_EQ(::kill(child, SIGKILL), 0);
    ASSERT_EQ(Wait(child), 128 + SIGKILL);
    for (int more; ::read(progress[0], &more, sizeof more) == sizeof more;) said = more;
    ::close(progress[0]);

    const auto state = store->Load(session->record.id);
    ASSERT_TRUE(state) << MessageOf(state);
    const size_t files = state->registered.files.size();
    EXPECT_EQ(files % kBatchSize, 0u);
    EXPECT_GE(files / kBatchSize, static_cast<size_t>(said + 1));
    EXPECT_LE(files / kBatchSize, static_cast<size_t>(said + 2));
    if (files != 0) {
      EXPECT_EQ(
          state->registered.files.back().path,
          NumberedBatch(static_cast<int>(files / kBatchSize) - 1, kBatchSize).files.back().path);
    }
    ASSERT_TRUE(store->End(session->record.id));
  }
  EXPECT_EQ(SQLite::Database(directory.database()).execAndGet("PRAGMA integrity_check").getString(),
            "ok");
}

TEST(StoreCrashTest, AKillWhileTheStoreIsMadeLeavesAStoreThatWorks) {
  constexpr int kRounds = 40;
  for (int round = 0; round < kRounds; ++round) {
    const TestDirectory directory;
    int go[2];
    ASSERT_EQ(::pipe2(go, O_CLOEXEC), 0);
    const pid_t child = Fork([&] {
      if (::write(go[1], "x", 1) != 1) return 1;
      while (TryOpen(directory.path())) continue;
      return 2;
    });
    char byte = 0;
    ASSERT_EQ(::read(go[0], &byte, 1), 1);
    // Meanwhile the child is anywhere between nothing and a whole store.
    for (int spent = 0; spent < round; ++spent) (void)std::filesystem::exists(directory.database());
    ASSERT_EQ(::kill(child, SIGKILL), 0);
    ASSERT_EQ(Wait(child), 128 + SIGKILL);
    ::close(go[0]);
    ::close(go[1]);
    const auto store = TryOpen(directory.path());
    ASSERT_TRUE(store) << MessageOf(store);
    EXPECT_TRUE((*store)->Start(kOwner));
  }
}

TEST(StoreCrashTest, EightProcessesWithEightSessionsEachLoseNothing) {
  const TestDirectory directory;
  constexpr int kProcesses = 8, kSessions = 8, kBatches = 4;
  std::vector<pid_t> children;
  for (int process = 0; process < kProcesses; ++process)
    // Nobody has opened the store before: they also race to make it.
    children.push_back(Fork([&] {
      const auto store = Open(directory.path());
      std::vector<SessionId> sessions;
      for (int i = 0; i < kSessions; ++i) {
        const auto session = store->Start({process, 1});
        if (!session) {
          ADD_FAILURE() << MessageOf(session);
          return 1;
        }
        sessions.push_back(session->record.id);
      }
      for (int batch = 0; batch < kBatches; ++batch)
        for (SessionId session : sessions)
          if (auto done = store->Register(session, NumberedBatch(process, 1000 / kBatches));
              !done) {
            ADD_FAILURE() << MessageOf(done);
            return 2;
          }
      return 0;
    }));
  for (pid_t child : children) EXPECT_EQ(Wait(child), 0);

  const auto all = Open(directory.path())->All();
  ASSERT_TRUE(all) << MessageOf(all);
  ASSERT_EQ(all->size(), 64u);
  std::map<pid_t, int> sessions;
  for (uint32_t index = 0; index < all->size(); ++index) {
    const SessionState& state = (*all)[index];
    EXPECT_EQ(state.record.index, index);
    ++sessions[state.record.owner.pid];
    ASSERT_EQ(state.registered.files.size(), 1000u);
    for (const FileResource& file : state.registered.files)
      EXPECT_TRUE(file.path.starts_with(fmt::format("/batch/{}/", state.record.owner.pid)));
  }
  for (const auto& [process, count] : sessions) EXPECT_EQ(count, kSessions);
  EXPECT_EQ(SQLite::Database(directory.database()).execAndGet("PRAGMA integrity_check").getString(),
            "ok");
}

}  // namespace
}  // namespace rm
