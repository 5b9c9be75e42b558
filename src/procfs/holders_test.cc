#include "procfs/holders.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "base/win32_codes.h"
#include "holder/holder.h"
#include "procfs/identity.h"
#include "procfs/process.h"
#include "procfs/process_scan.h"

namespace rm {
namespace {

namespace fs = std::filesystem;
using test::Holder;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

using Hold = std::pair<pid_t, HoldKind>;

class FindHoldersTest : public testing::Test {
 protected:
  static FileTarget Target(const std::string& path, uint32_t number = 0) {
    const Result<FileResource> file = IdentifyFile(path);
    EXPECT_TRUE(file && file->at_registration) << path;
    return {.identity = file->at_registration.value_or(FileIdentity{}), .file = number};
  }
  HolderScan Find(std::vector<FileTarget> targets, bool directories = true) {
    Result<HolderScan> scan =
        FindHolders(proc_, targets, {.threads = 2, .directories = directories});
    EXPECT_TRUE(scan) << scan.error().message;
    return scan.value_or(HolderScan{});
  }
  std::vector<Hold> Holds(const FileTarget& target) {
    std::vector<Hold> holds;
    for (const Holding& h : Find({target}).holdings) holds.emplace_back(h.process.pid, h.kind);
    return holds;
  }
  // A copy of the holder program.
  std::string CopyProgram(const std::string& name) {
    const std::string path = at_.path() + "/" + name;
    fs::copy_file(test::HolderProgram(), path);
    return path;
  }

  ProcTree proc_ = std::move(*ProcTree::Open());
  test::TemporaryDirectory at_;
};

TEST_F(FindHoldersTest, NobodyHoldsIt) { EXPECT_THAT(Holds(Target(at_.Write("file"))), IsEmpty()); }

TEST_F(FindHoldersTest, OpenDescriptorWithItsNumberAndTheProcessIdentity) {
  const std::string file = at_.Write("file");
  const Holder holder({"--open", file, "--open", file});
  const HolderScan scan = Find({Target(file, 7)});
  ASSERT_EQ(scan.holdings.size(), 2u);
  for (const Holding& h : scan.holdings) {
    EXPECT_EQ(h.process, holder.id());
    EXPECT_EQ(h.kind, HoldKind::kDescriptor);
    EXPECT_EQ(h.file, 7u);
    EXPECT_FALSE(h.previous_content);
  }
  EXPECT_LT(scan.holdings[0].fd, scan.holdings[1].fd);
}

TEST_F(FindHoldersTest, PathOnlyDescriptor) {
  const std::string file = at_.Write("file");
  const Holder holder({"--path", file});
  EXPECT_THAT(Holds(Target(file)), UnorderedElementsAre(Hold(holder.pid(), HoldKind::kDescriptor)));
}

TEST_F(FindHoldersTest, MappingWhoseDescriptorIsClosedAppearsOnce) {
  const std::string file = at_.Write("with blank\nand newline", std::string(9000, 'x'));
  const Holder holder({"--map", file, "--map", file});
  EXPECT_THAT(Holds(Target(file)), UnorderedElementsAre(Hold(holder.pid(), HoldKind::kMapping)));
}

TEST_F(FindHoldersTest, ExecutableIsAlsoMapped) {
  const std::string program = CopyProgram("program");
  const Holder holder({}, {.program = program});
  EXPECT_THAT(Holds(Target(program)),
              UnorderedElementsAre(Hold(holder.pid(), HoldKind::kExecutable),
                                   Hold(holder.pid(), HoldKind::kMapping)));
}

TEST_F(FindHoldersTest, DirectoriesOnlyWhenAskedFor) {
  fs::create_directory(at_.path() + "/d");
  const Holder holder({"--cwd", at_.path() + "/d"});
  const FileTarget target = Target(at_.path() + "/d");
  EXPECT_THAT(Holds(target), UnorderedElementsAre(Hold(holder.pid(), HoldKind::kWorkingDirectory)));
  EXPECT_THAT(Find({target}, false).holdings, IsEmpty());
}

TEST_F(FindHoldersTest, RootDirectory) {
  if (geteuid() != 0) GTEST_SKIP() << "lacks root, to chroot";
  fs::create_directory(at_.path() + "/d");
  const Holder holder({"--root", at_.path() + "/d"});
  EXPECT_THAT(Holds(Target(at_.path() + "/d")),
              UnorderedElementsAre(Hold(holder.pid(), HoldKind::kRootDirectory)));
}

TEST_F(FindHoldersTest, ThreadWithItsOwnDescriptorTable) {
  const std::string file = at_.Write("file");
  const Holder holder({"--private-table", file});
  EXPECT_THAT(Holds(Target(file)), UnorderedElementsAre(Hold(holder.pid(), HoldKind::kDescriptor)));
}

TEST_F(FindHoldersTest, ThreadWithItsOwnWorkingDirectory) {
  fs::create_directory(at_.path() + "/d");
  const Holder holder({"--private-cwd", at_.path() + "/d"});
  EXPECT_THAT(Holds(Target(at_.path() + "/d")),
              UnorderedElementsAre(Hold(holder.pid(), HoldKind::kWorkingDirectory)));
}

TEST_F(FindHoldersTest, LeaderHasExitedAndAnotherThreadHolds) {
  const std::string file = at_.Write("file"), library = at_.Write("library");
  const std::string program = CopyProgram("program");
  fs::create_directory(at_.path() + "/d");
  const Holder holder(
      {"--open", file, "--map", library, "--cwd", at_.path() + "/d", "--leader-exits"},
      {.program = program});
  EXPECT_THAT(Holds(Target(file)), UnorderedElementsAre(Hold(holder.pid(), HoldKind::kDescriptor)));
  EXPECT_THAT(Holds(Target(library)), UnorderedElementsAre(Hold(holder.pid(), HoldKind::kMapping)));
  EXPECT_THAT(Holds(Target(at_.path() + "/d")),
              UnorderedElementsAre(Hold(holder.pid(), HoldKind::kWorkingDirectory)));
  EXPECT_THAT(Holds(Target(program)),
              UnorderedElementsAre(Hold(holder.pid(), HoldKind::kExecutable),
                                   Hold(holder.pid(), HoldKind::kMapping)));
}

// Each thread that is listed may have ended before it is looked at.
TEST_F(FindHoldersTest, LeaderHasExitedAndNoThreadStays) {
  const std::string file = at_.Write("file"), library = at_.Write("library");
  const Holder holder({"--open", file, "--map", library, "--relay"});
  const std::vector<FileTarget> targets{Target(file, 0), Target(library, 1)};
  for (int round = 0; round < 200; ++round) {
    const auto scan = FindHolders(proc_, targets, {.only = std::vector{holder.pid()}});
    ASSERT_TRUE(scan);
    ASSERT_TRUE(scan->holdings.size() == 2 || !scan->unreadable.empty()) << "round " << round;
  }
}

TEST_F(FindHoldersTest, SelfIsReportedLikeAnyOther) {
  const std::string file = at_.Write("file");
  const UniqueFd fd(open(file.c_str(), O_RDONLY | O_CLOEXEC));
  EXPECT_THAT(Holds(Target(file)), UnorderedElementsAre(Hold(getpid(), HoldKind::kDescriptor)));
}

TEST_F(FindHoldersTest, ReplacedByRenameIsPreviousContent) {
  const std::string file = at_.Write("file", "old");
  FileTarget old = Target(file);
  const Holder before({"--open", file, "--map", file});
  fs::rename(at_.Write("new", "new"), file);
  const Holder after({"--open", file});
  old.previous = true;
  const HolderScan scan = Find({Target(file), old});
  ASSERT_EQ(scan.holdings.size(), 3u);
  for (const Holding& h : scan.holdings) {
    EXPECT_EQ(h.previous_content, h.process == before.id());
    EXPECT_EQ(h.process == after.id(), !h.previous_content);
  }
}

TEST_F(FindHoldersTest, WithoutBirthTimesTheHandleTellsWhetherTheNumberWasGivenAway) {
  const std::string file = at_.Write("file");
  auto known = IdentifyFile(file);
  ASSERT_TRUE(known && known->at_registration);
  FileTarget old{.identity = *known->at_registration, .previous = true, .handles = known->handles};
  old.identity.btime_ns = 0;
  if (old.handles.empty() || old.handles[0].overlay || old.handles[0].id[0] != 1)
    GTEST_SKIP() << "lacks a file system whose handles have the generation of the inode";
  const Holder holder({"--open", file, "--map", file});
  EXPECT_EQ(Holds(old).size(), 2u);
  old.handles[0].id.back() ^= 1;
  EXPECT_THAT(Holds(old), IsEmpty());
}

TEST_F(FindHoldersTest, DeletedFileIsStillHeld) {
  const std::string file = at_.Write("file"), program = CopyProgram("program");
  const FileTarget target = Target(file), executable = Target(program);
  const Holder holder({"--open", file, "--map", file}, {.program = program});
  fs::remove(file);
  fs::remove(program);
  EXPECT_THAT(Holds(target), UnorderedElementsAre(Hold(holder.pid(), HoldKind::kDescriptor),
                                                  Hold(holder.pid(), HoldKind::kMapping)));
  EXPECT_THAT(Holds(executable), UnorderedElementsAre(Hold(holder.pid(), HoldKind::kExecutable),
                                                      Hold(holder.pid(), HoldKind::kMapping)));
}

TEST_F(FindHoldersTest, HardLinkIsTheSameFile) {
  const std::string file = at_.Write("file");
  fs::create_hard_link(file, at_.path() + "/link");
  const Holder holder({"--map", at_.path() + "/link"});
  EXPECT_THAT(Holds(Target(file)), UnorderedElementsAre(Hold(holder.pid(), HoldKind::kMapping)));
}

TEST_F(FindHoldersTest, AnotherBirthTimeIsAnotherFile) {
  const std::string file = at_.Write("file");
  FileTarget target = Target(file);
  if (!target.identity.btime_ns) GTEST_SKIP() << "lacks a file system with birth times";
  const Holder holder({"--open", file, "--map", file});
  target.identity.btime_ns += 1;  // a reused inode number
  EXPECT_THAT(Holds(target), IsEmpty());
  target.identity.btime_ns = 0;  // not known
  EXPECT_EQ(Holds(target).size(), 2u);
}

// The path of a mapping is as long as it likes: each directory is made from within the one above.
TEST_F(FindHoldersTest, MappingBehindOneWhosePathIsLongerThanAnyName) {
  const std::string file = at_.Write("file");
  UniqueFd at(open(at_.path().c_str(), O_PATH | O_CLOEXEC));
  const std::string name(255, 'x');
  for (int depth = 0; depth < 300; ++depth) {
    ASSERT_EQ(mkdirat(at.get(), name.c_str(), 0755), 0);
    at = UniqueFd(openat(at.get(), name.c_str(), O_PATH | O_CLOEXEC));
    ASSERT_TRUE(at);
  }
  const UniqueFd deep(openat(at.get(), "deep", O_WRONLY | O_CREAT | O_CLOEXEC, 0644));
  ASSERT_EQ(write(deep.get(), "x", 1), 1);
  // The later one gets the lower addresses, and comes first.
  const Holder holder({"--map", file, "--map", "deep"},
                      {.prepare = [&] { (void)!fchdir(at.get()); }});
  EXPECT_THAT(Holds(Target(file)), UnorderedElementsAre(Hold(holder.pid(), HoldKind::kMapping)));
}

TEST_F(FindHoldersTest, SameObjectAsCurrentAndPreviousIsToldOnceAsCurrent) {
  const std::string file = at_.Write("file");
  const Holder holder({"--open", file, "--map", file});
  FileTarget current = Target(file), previous = current;
  previous.previous = true;
  const HolderScan scan = Find({previous, current});
  ASSERT_EQ(scan.holdings.size(), 2u);
  EXPECT_FALSE(scan.holdings[0].previous_content);
  EXPECT_FALSE(scan.holdings[1].previous_content);
}

TEST_F(FindHoldersTest, OneObjectRegisteredUnderTwoNamesIsToldForBoth) {
  const std::string file = at_.Write("file");
  const Holder holder({"--open", file});
  const HolderScan scan = Find({Target(file, 3), Target(file, 1)});
  ASSERT_EQ(scan.holdings.size(), 2u);
  EXPECT_EQ(scan.holdings[0].file, 1u);
  EXPECT_EQ(scan.holdings[1].file, 3u);
}

TEST_F(FindHoldersTest, AnyNumberOfThreadsFindsTheSame) {
  std::vector<FileTarget> targets;
  std::vector<Holder> holders;
  for (uint32_t i = 0; i < 10; ++i) {
    const std::string file = at_.Write(std::to_string(i));
    targets.push_back(Target(file, i));
    holders.emplace_back(std::vector<std::string>{"--open", file, "--map", file});
  }
  const auto one = FindHolders(proc_, targets, {.threads = 1});
  const auto many = FindHolders(proc_, targets, {.threads = 8});
  ASSERT_TRUE(one && many);
  EXPECT_EQ(one->holdings.size(), 20u);
  EXPECT_EQ(one->holdings, many->holdings);
}

// With no patience at all nobody is waited for: each process is in the answer, or is named.
TEST_F(FindHoldersTest, WhoKeepsTheKernelWaitingIsNamed) {
  const std::string file = at_.Write("file");
  const Holder holder({"--open", file});
  const FileTarget target = Target(file);
  const auto scan = FindHolders(proc_, std::span(&target, 1),
                                {.threads = 1, .patience = {.first = {}, .later = {}, .most = 1}});
  ASSERT_TRUE(scan);
  const auto is_holder = [&](const ProcessId& id) { return id.pid == holder.pid(); };
  EXPECT_TRUE(std::ranges::any_of(scan->unanswered, is_holder) || !scan->holdings.empty());
  for (const ProcessId& id : scan->unanswered) {
    EXPECT_TRUE(id.pid == 0 || std::ranges::count(scan->unreadable, id)) << id.pid;
  }
}

TEST_F(FindHoldersTest, FileOfARingWithoutADescriptor) {
  const std::string file = at_.Write("a \\ file");
  const Holder holder({"--io-uring", file});
  EXPECT_THAT(Holds(Target(file)), UnorderedElementsAre(Hold(holder.pid(), HoldKind::kRing)));
  FileTarget previous = Target(file);
  previous.previous = true;
  previous.path = file;
  fs::remove(file);
  const HolderScan scan = Find({previous});
  ASSERT_EQ(scan.holdings.size(), 1u);
  EXPECT_EQ(scan.holdings[0].kind, HoldKind::kRing);
  EXPECT_TRUE(scan.holdings[0].previous_content);
}

// For a moment the caller has no descriptor left.
TEST_F(FindHoldersTest, FileOfARingForAScanThatCouldNotAskWhatRingsAre) {
  const std::string file = at_.Write("file");
  const Holder holder({"--io-uring", file});
  const FileTarget target = Target(file);
  const TargetSet targets(std::span(&target, 1));
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &before), 0);
  const rlimit none{0, before.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &none), 0);
  const BoundSockets sockets(proc_, targets, {});
  ProcessScan scan(proc_, targets, sockets, false);
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &before), 0);
  EXPECT_EQ(scan.Scan(holder.pid()), 0);
  EXPECT_EQ(scan.found().holdings.size(), 1u);
}

// The kernel tells the files of a ring only while nobody is at work in it.
TEST_F(FindHoldersTest, FileOfARingThatNeverRests) {
  const std::string file = at_.Write("file");
  const Holder holder({"--busy-io-uring", file});
  const FileTarget target = Target(file);
  for (int round = 0; round < 50; ++round) {
    const auto scan =
        FindHolders(proc_, std::span(&target, 1), {.only = std::vector{holder.pid()}});
    ASSERT_TRUE(scan);
    ASSERT_TRUE(!scan->holdings.empty() || !scan->unreadable.empty()) << "round " << round;
  }
}

// To compare what has only a name it is opened, and so are the roots that names are below of.
TEST_F(FindHoldersTest, WhatTheSearchItselfHasOpenIsNoHolding) {
  const std::string file = at_.Write("file");
  std::vector<std::string> how;
  for (int i = 0; i < 200; ++i) how.insert(how.end(), {"--io-uring", file});
  const Holder holder(how);
  // Much of its own to look at, so that the other thread opens files meanwhile.
  std::vector<UniqueFd> own;
  for (int i = 0; i < 500; ++i) own.emplace_back(fcntl(0, F_DUPFD_CLOEXEC, 0));
  const UniqueFd held(open(file.c_str(), O_RDONLY | O_CLOEXEC));
  const std::vector<FileTarget> targets{Target(file, 0), Target("/", 1)};
  for (int round = 0; round < 300; ++round) {
    const auto scan =
        FindHolders(proc_, targets, {.threads = 2, .only = std::vector{getpid(), holder.pid()}});
    ASSERT_TRUE(scan);
    std::vector<int> descriptors;
    for (const Holding& found : scan->holdings)
      if (found.process.pid == getpid()) descriptors.push_back(found.fd);
    ASSERT_EQ(descriptors, std::vector{held.get()}) << "round " << round;
  }
}

TEST_F(FindHoldersTest, Cancelled) {
  std::stop_source stop;
  stop.request_stop();
  const auto scan = FindHolders(proc_, {}, {.cancel = stop.get_token()});
  ASSERT_FALSE(scan);
  EXPECT_EQ(scan.error().code, kCancelled);
}

// What an unprivileged caller may not see is told, not left out. In a child: the test stays root.
TEST_F(FindHoldersTest, UnreadableProcessesAreNamed) {
  if (geteuid() != 0) GTEST_SKIP() << "lacks root, to become somebody else";
  const std::string file = at_.Write("file");
  const Holder holder({"--open", file});
  const FileTarget target = Target(file);
  const ProcessId id = holder.id();
  const pid_t child = fork();
  if (child == 0) {
    if (setresuid(65534, 65534, 65534)) _exit(2);
    const auto proc = ProcTree::Open();
    const auto scan = FindHolders(*proc, std::span(&target, 1));
    const bool kernel = std::ranges::any_of(scan->unreadable, [&](const ProcessId& p) {
      const auto facts = ReadProcess(*proc, p.pid);
      return facts && *facts && (*facts)->kernel_thread;
    });
    const bool named = std::ranges::find(scan->unreadable, id) != scan->unreadable.end();
    _exit(scan->holdings.empty() && named && !kernel ? 0 : 1);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
}

TEST(FindHoldersCaptured, OddNamesExitedLeadersAndContainers) {
  const auto proc = ProcTree::Open(RM_CAPTURES "/odd");
  ASSERT_TRUE(proc);
  std::vector<FileTarget> targets;
  for (uint32_t file = 0; file < 5; ++file) {
    targets.push_back({.identity = {.dev = makedev(0xfe, 0), .ino = 420 + file}, .file = file});
  }
  const auto scan = FindHolders(*proc, targets);
  ASSERT_TRUE(scan);
  std::vector<Holding> expected;
  for (uint32_t file = 0; file < 5; ++file) {
    expected.push_back({{60, 601}, HoldKind::kMapping, file, -1, false});
  }
  expected.push_back({{71, 711}, HoldKind::kMapping, 0, -1, false});
  EXPECT_EQ(scan->holdings, expected);
}

// tests/captures/maps has no map_files, as for a caller who may not see them: the device decides.
TEST(FindHoldersCaptured, MappingIsMatchedByDeviceAndInode) {
  const auto proc = ProcTree::Open(RM_CAPTURES "/maps");
  ASSERT_TRUE(proc);
  const FileTarget ours{.identity = {.dev = makedev(0xfe, 0), .ino = 411}, .file = 1};
  const FileTarget elsewhere{.identity = {.dev = makedev(0xfe, 7), .ino = 411}, .file = 2};
  const FileTarget targets[] = {ours, elsewhere};
  const auto scan = FindHolders(*proc, targets);
  ASSERT_TRUE(scan);
  EXPECT_THAT(scan->holdings,
              testing::ElementsAre(Holding{{50, 77}, HoldKind::kMapping, 1, -1, false}));
  EXPECT_THAT(scan->unreadable, IsEmpty());
}

}  // namespace
}  // namespace rm
