// Is the store's content believed after it was damaged? It is what it once was, or there is an
// error.
#include <SQLiteCpp/SQLiteCpp.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "base/win32_codes.h"
#include "hostile/damage.h"
#include "hostile/limited.h"
#include "store/codec.h"
#include "store/samples.h"
#include "store/testing.h"

namespace rm::test {
namespace {

namespace fs = std::filesystem;

// All that the store says, as bytes.
Result<std::string> Everything(SessionStore& store) {
  const auto sessions = store.All();
  if (!sessions) return tl::unexpected(sessions.error());
  std::string text = std::to_string(*store.BootTime());
  for (const SessionState& state : *sessions) {
    const SessionRecord& record = state.record;
    text += fmt::format("\n{} {} {} {} {} {}", record.name, record.index, record.owner.pid,
                        record.owner.start_ticks, record.started_us, record.shutdown_attempted);
    text += EncodeBatch(state.registered) + EncodeApps(state.seen);
    for (const Filter& filter : state.filters)
      text += EncodeTarget(filter) + std::to_string(static_cast<int>(filter.action));
    for (const Debt& debt : state.debts)
      text += fmt::format("{} {} {} {}", debt.id, static_cast<int>(debt.state), debt.relaunch_unit,
                          debt.spec_file) +
              EncodeOwed(debt);
  }
  return text;
}

class Store : public ::testing::Test {
 protected:
  // One store on disk, part of it still in the WAL, as a killed installer leaves it. Everything
  // that it has said at any time.
  void SetUp() override {
    const TestDirectory made;
    const auto store = Open(made.path());
    const auto remember = [&] { history_.push_back(*Everything(*store)); };
    remember();
    for (int i = 0; i < 3; ++i) {
      const SessionId session = store->Start(kOwner)->record.id;
      remember();
      ASSERT_TRUE(store->Register(session, SampleBatch()));
      remember();
      for (const Filter& filter : SampleFilters()) {
        ASSERT_TRUE(store->AddFilter(session, filter));
        remember();
      }
      ASSERT_TRUE(store->SaveSeen(session, SampleApps()));
      remember();
      std::vector<Debt> debts = SampleDebts();
      ASSERT_TRUE(store->AddDebts(session, debts));
      remember();
      ASSERT_TRUE(store->SetShutdownAttempted(session));
      remember();
      if (i == 0) {
        SQLite::Database(made.database(), SQLite::OPEN_READWRITE)
            .exec("PRAGMA wal_checkpoint(TRUNCATE)");
      }
    }
    for (const auto& entry : fs::directory_iterator(made.path()))
      fs::copy_file(entry.path(), fs::path(whole_.path()) / entry.path().filename());
    ASSERT_TRUE(fs::exists(whole_.database() + "-wal"));
  }

  fs::path Restore(const std::string& directory) const {
    for (const auto& entry : fs::directory_iterator(directory)) fs::remove(entry.path());
    for (const auto& entry : fs::directory_iterator(whole_.path()))
      fs::copy_file(entry.path(), fs::path(directory) / entry.path().filename());
    return directory;
  }

  const TestDirectory whole_;
  std::vector<std::string> history_;
};

constexpr int kNow = 0, kEarlier = 1, kError = 2, kInvented = 3, kNoSentence = 4;

TEST_F(Store, SaysWhatItOnceWasOrThatItIsDamaged) {
  Damage damage(400);
  const TestDirectory directory;
  int now = 0, earlier = 0, error = 0;
  for (int trial = 0; trial < damage.trials(); ++trial) {
    Restore(directory.path());
    const char* const files[] = {"sessions.db", "sessions.db-wal", "sessions.db-shm"};
    const std::string done = damage.Do(fs::path(directory.path()) / files[damage.Below(3)]);
    const Ending ending = RunLimited([&] {
      const auto store = TryOpen(directory.path());
      Result<std::string> said = store ? Everything(**store) : tl::unexpected(store.error());
      // Whatever is read, it can be written on, or that fails with a sentence.
      if (store) {
        const auto started = (*store)->Start(kOwner);
        if (!started && started.error().message.empty()) return kNoSentence;
        if (started && !(*store)->Register(started->record.id, SampleBatch())) return kError;
      }
      if (!said) return said.error().message.empty() ? kNoSentence : kError;
      const auto found = std::find(history_.begin(), history_.end(), *said);
      if (found == history_.end()) return kInvented;
      return *found == history_.back() ? kNow : kEarlier;
    });
    EXPECT_EQ(ending.Trouble(), "") << done;
    EXPECT_TRUE(ending.status <= kError) << ending.status << ": " << done << '\n' << ending.said;
    now += ending.status == kNow;
    earlier += ending.status == kEarlier;
    error += ending.status == kError;
  }
  printf("store: %d trials, %d as it was, %d as it was earlier, %d refused\n", damage.trials(), now,
         earlier, error);
  EXPECT_GT(error, 0);
}

}  // namespace
}  // namespace rm::test
