// 50 installers at once, each with a file of its own: does everybody come back once?
#include <gtest/gtest.h>
#include <stdlib.h>

#include <chrono>
#include <list>
#include <string>
#include <vector>

#include "crash/pid1.h"
#include "real/load/store_rows.h"
#include "real/load/update.h"

namespace rm::test {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int kSessions = 50;  // 64 is the most that one user may have
constexpr int kUsers = 3;      // of each file: two programs and, in every other session, a service

TEST(Load, FiftyInstallersAtOnce) {
  std::list<Population> populations;
  for (int i = 0; i < kSessions; ++i) {
    const std::string service = "rm-load-" + std::to_string(i) + ".service";
    Population& users = populations.emplace_back(kUsers, GUEST, [&populations, service, i](int n) {
      if (n == 2 && i % 2 == 0)
        Systemctl("start " + service);
      else
        populations.back().StartPlain(n);
    });
    if (i % 2 == 0) {
      WriteService(users, service, "2");
      Systemctl("daemon-reload");
    }
    users.Complete();
  }
  const std::string store = populations.front().store();
  setenv("RESTART_MANAGER_DIR", store.c_str(), 1);

  const auto begin = Clock::now();
  std::vector<pid_t> updates;
  for (const Population& population : populations)
    updates.push_back(StartUpdate(population, PatientInstaller(population)));
  auto update = updates.begin();
  for (const Population& population : populations)
    EXPECT_EQ(AwaitUpdate(population, *update++), "");
  const std::chrono::duration<double> took = Clock::now() - begin;

  for (const Population& population : populations) EXPECT_EQ(NotRenewed(population, kUsers), "");
  EXPECT_EQ(LeftInPid1(), "");
  EXPECT_EQ(LeftInTables(store), "");
  EXPECT_TRUE(populations.front().LeftInStore().empty());
  printf("%d sessions at once: %.1f s\n", kSessions, took.count());
}

}  // namespace
}  // namespace rm::test
