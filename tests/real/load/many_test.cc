// 1,000 programs and 200 services use one file: does one update stop and bring back each of them?
#include <gtest/gtest.h>
#include <stdlib.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <string>

#include "crash/pid1.h"
#include "real/load/store_rows.h"
#include "real/load/update.h"

namespace rm::test {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int kPrograms = 1000;
constexpr int kServices = 200;
constexpr int kAll = kPrograms + kServices;

std::string NameOf(int i) { return "rm-load@" + std::to_string(i) + ".service"; }

// Instances of one template. Every fourth goes down with the one before it: half of these are
// brought back with it as well (Requires=), half by us alone.
void StartServices(const Population& population) {
  WriteService(population, "rm-load@.service", "%i");
  std::string all;
  for (int i = kPrograms; i < kAll; ++i) {
    all += " " + NameOf(i);
    if (i % 4 != 3) continue;
    const std::string before = NameOf(i - 1);
    const std::string directory = "/run/systemd/system/" + NameOf(i) + ".d";
    std::filesystem::create_directory(directory);
    std::ofstream drop_in(directory + "/depends.conf");
    drop_in << "[Unit]\nAfter=" << before << "\nPartOf=" << before << "\n";
    if (i % 8 == 3) drop_in << "Requires=" << before << "\n";
  }
  Systemctl("daemon-reload");
  Systemctl("start" + all);
}

TEST(Load, ThousandProgramsAndTwoHundredServicesAreUpdatedAtOnce) {
  Population population(kAll, GUEST, [&](int i) {
    if (i < kPrograms)
      population.StartPlain(i);
    else
      Systemctl("start " + NameOf(i));
  });
  setenv("RESTART_MANAGER_DIR", population.store().c_str(), 1);
  StartServices(population);
  population.Complete();
  ASSERT_EQ(LeftInPid1(), "");
  const auto begin = Clock::now();
  EXPECT_EQ(AwaitUpdate(population, StartUpdate(population, Restartctl(population))), "");
  const std::chrono::duration<double> took = Clock::now() - begin;
  EXPECT_EQ(NotRenewed(population, kAll), "");
  EXPECT_EQ(LeftInPid1(), "");
  EXPECT_EQ(LeftInTables(population.store()), "");
  EXPECT_TRUE(population.LeftInStore().empty());
  Systemctl("stop 'rm-load@*.service'");  // or they would have failed when they are killed
  printf("an update of %d programs and %d services: %.1f s\n", kPrograms, kServices, took.count());
}

}  // namespace
}  // namespace rm::test
