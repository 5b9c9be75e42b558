#include "procfs/seen_tables.h"

#include <gtest/gtest.h>
#include <sched.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

#include <deque>
#include <future>
#include <thread>
#include <vector>

namespace rm {
namespace {

enum class Table { kShared, kOwn };

// Threads that wait until they are to end.
class Threads {
 public:
  ~Threads() {
    while (!waiting_.empty()) End();
  }

  pid_t Start(Table table) {
    std::promise<pid_t> started;
    Waiting& one = waiting_.emplace_back();
    one.thread = std::thread([&started, end = one.end.get_future(), table] {
      started.set_value(table == Table::kOwn && unshare(CLONE_FILES) ? -1 : gettid());
      end.wait();
    });
    return started.get_future().get();
  }

  // The one that was started first.
  void End() {
    waiting_.front().end.set_value();
    waiting_.front().thread.join();
    waiting_.pop_front();
  }

 private:
  struct Waiting {
    std::promise<void> end;
    std::thread thread;
  };
  std::deque<Waiting> waiting_;
};

TEST(SeenTables, WhoSharesOneHasBeenSeenWithIt) {
  Threads threads;
  SeenTables seen(KCMP_FILES);
  EXPECT_FALSE(seen.Has(gettid()));
  seen.Add(gettid());
  EXPECT_TRUE(seen.Has(gettid()));
  EXPECT_TRUE(seen.Has(threads.Start(Table::kShared)));
  for (int i = 0; i < 50; ++i) {
    const pid_t own = threads.Start(Table::kOwn);
    ASSERT_GT(own, 0);
    EXPECT_FALSE(seen.Has(own));
    seen.Add(own);
    EXPECT_TRUE(seen.Has(own));
    EXPECT_TRUE(seen.Has(gettid()));
  }
}

TEST(SeenTables, WhoHasEndedHidesNobodyElse) {
  Threads threads;
  SeenTables seen(KCMP_FILES);
  std::vector<pid_t> tids;
  for (int i = 0; i < 50; ++i) {
    tids.push_back(threads.Start(Table::kOwn));
    seen.Add(tids.back());
  }
  for (int i = 0; i < 25; ++i) threads.End();
  // A thread is joined a little before the kernel is done with it.
  for (int i = 0; i < 25; ++i)
    while (tgkill(getpid(), tids[i], 0) == 0) sched_yield();
  for (int i = 25; i < 50; ++i) EXPECT_TRUE(seen.Has(tids[i])) << i;
  EXPECT_FALSE(seen.Has(tids[0]));
}

double SecondsFor(int count) {
  Threads threads;
  std::vector<pid_t> tids;
  for (int i = 0; i < count; ++i) tids.push_back(threads.Start(Table::kOwn));
  const auto now = [] {
    timespec time{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
  };
  const double begin = now();
  SeenTables seen(KCMP_FILES);
  for (const pid_t tid : tids)
    if (!seen.Has(tid)) seen.Add(tid);
  return now() - begin;
}

// A program with 4,000 such threads took 45 s.
TEST(SeenTables, TenTimesAsManyDoNotTakeAHundredTimesAsLong) {
  SecondsFor(200);
  const double few = SecondsFor(200), many = SecondsFor(2000);
  EXPECT_LT(many, 40 * few) << few << " s, " << many << " s";
}

}  // namespace
}  // namespace rm
