// Are the files of a session its own, and is what it owes paid by one at a time?
#include "machine/kept_files.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "base/win32_codes.h"

namespace rm {
namespace {

namespace fs = std::filesystem;
const TimePoint kNow{};

class KeptFiles : public ::testing::Test {
 protected:
  KeptFiles() {
    std::string pattern = ::testing::TempDir() + "rm-kept-XXXXXX";
    if (!mkdtemp(pattern.data())) abort();
    directory_ = pattern;
  }
  ~KeptFiles() override { fs::remove_all(directory_); }

  std::string Write(const std::string& name) const {
    std::ofstream(directory_ + "/" + name) << "x";
    return directory_ + "/" + name;
  }

  std::string directory_;
};

TEST_F(KeptFiles, ALockIsHadByOneAtATime) {
  auto first = LockFile(directory_ + "/guard-1");
  ASSERT_TRUE(first) << first.error().message;
  EXPECT_TRUE(*first);
  EXPECT_FALSE(*LockFile(directory_ + "/guard-1"));
  first->Reset();
  EXPECT_TRUE(*LockFile(directory_ + "/guard-1"));
}

TEST_F(KeptFiles, ALinkAFifoOrAForeignFileIsNotLocked) {
  const std::string victim = Write("victim"), link = directory_ + "/link";
  fs::create_symlink(victim, link);
  EXPECT_FALSE(LockFile(link));
  const std::string fifo = directory_ + "/fifo";
  ASSERT_EQ(mkfifo(fifo.c_str(), 0600), 0);
  EXPECT_FALSE(LockFile(fifo));
  EXPECT_FALSE(LockFile(directory_));
  const std::string other_name = directory_ + "/other-name";
  fs::create_hard_link(victim, other_name);
  EXPECT_FALSE(LockFile(other_name));
  fs::remove(other_name);
  const std::string socket = directory_ + "/socket";
  ASSERT_EQ(mknod(socket.c_str(), S_IFSOCK | 0600, 0), 0);
  EXPECT_FALSE(LockFile(socket));
  if (geteuid() != 0) return;
  ASSERT_EQ(chown(victim.c_str(), 65534, 65534), 0);
  EXPECT_FALSE(LockFile(victim));
}

TEST_F(KeptFiles, WhatASessionOwesIsPaidByOneAtATime) {
  auto paying = BeginPaying(directory_, "1f2e3d4c5b6a7988", kNow);
  ASSERT_TRUE(paying) << paying.error().message;
  const auto second = BeginPaying(directory_, "1f2e3d4c5b6a7988", kNow);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, kSemTimeout);
  EXPECT_TRUE(BeginPaying(directory_, "f1e2d3c4b5a69788", kNow)) << "another session";
  paying->reset();
  EXPECT_TRUE(BeginPaying(directory_, "1f2e3d4c5b6a7988", kNow));
  EXPECT_EQ(std::distance(fs::directory_iterator(directory_), {}), 1) << "one file for all";
}

// A server that forks while one of its threads stops programs: its child has all of its files.
TEST_F(KeptFiles, AChildThatWasForkedMeanwhileDoesNotGoOnPaying) {
  auto paying = BeginPaying(directory_, "1f2e3d4c5b6a7988", kNow);
  ASSERT_TRUE(paying) << paying.error().message;
  const pid_t child = fork();
  if (child == 0) {
    pause();
    _exit(0);
  }
  paying->reset();
  EXPECT_TRUE(BeginPaying(directory_, "1f2e3d4c5b6a7988", kNow));
  kill(child, SIGKILL);
  waitpid(child, nullptr, 0);
}

TEST_F(KeptFiles, CleaningUpTakesOnlyWhatBelongsToTheSession) {
  for (const char* ours : {"guard-1", "relaunch-1-1", "relaunch-1-22"}) Write(ours);
  for (const char* other : {"paying", "guard-12", "relaunch-12-1", "late-1-1", "sessions.db"})
    Write(other);
  CleanUp(directory_, "1");
  EXPECT_FALSE(fs::exists(directory_ + "/relaunch-1-22"));
  EXPECT_EQ(std::distance(fs::directory_iterator(directory_), {}), 5);
  CleanUp("/nonexistent", "1");
}

}  // namespace
}  // namespace rm
