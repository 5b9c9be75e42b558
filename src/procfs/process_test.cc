#include "procfs/process.h"

#include <gmock/gmock.h>
#include <grp.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <numeric>

#include "holder/holder.h"

namespace rm {
namespace {

namespace fs = std::filesystem;
using test::Holder;
using testing::Contains;
using testing::ElementsAre;
using testing::Ge;
using testing::Not;
using testing::SizeIs;

ProcTree Live() { return std::move(*ProcTree::Open()); }

ProcessFacts Read(const ProcTree& proc, pid_t pid) {
  const auto facts = ReadProcess(proc, pid);
  EXPECT_TRUE(facts && *facts) << pid;
  return facts && *facts ? **facts : ProcessFacts{};
}

ProcTree Capture(const std::string& name) {
  return std::move(*ProcTree::Open(RM_CAPTURES "/" + name));
}

TEST(ProcTree, LiveIsOnlyTheKernelsOwn) {
  EXPECT_TRUE(Live().live());
  EXPECT_FALSE(Capture("names").live());
  EXPECT_FALSE(ProcTree::Open("/nowhere"));
}

TEST(Identify, PidAndStartTime) {
  const Holder holder({});
  const auto id = Identify(Live(), holder.pid());
  ASSERT_TRUE(id && *id);
  EXPECT_EQ(**id, holder.id());
}

TEST(Identify, NoSuchProcess) {
  pid_t gone;
  {
    const Holder holder({});
    gone = holder.pid();
  }
  const auto id = Identify(Live(), gone);
  ASSERT_TRUE(id);
  EXPECT_FALSE(*id);
  EXPECT_FALSE(*ReadProcess(Live(), gone));
}

TEST(Identify, ThreadIsNoProcess) {
  test::TemporaryDirectory at;
  const Holder holder({"--private-table", at.Write("file")});
  int others = 0;
  for (const auto& task : fs::directory_iterator(fmt::format("/proc/{}/task", holder.pid()))) {
    const pid_t tid = std::stoi(task.path().filename());
    if (tid == holder.pid()) continue;
    ++others;
    EXPECT_FALSE(*Identify(Live(), tid));
    EXPECT_FALSE(*ReadProcess(Live(), tid));
  }
  EXPECT_EQ(others, 1);
}

TEST(ReadProcess, WhoItIs) {
  const Holder holder({});
  const ProcessFacts facts = Read(Live(), holder.pid());
  EXPECT_EQ(facts.id, holder.id());
  EXPECT_EQ(facts.parent, getpid());
  EXPECT_EQ(facts.uid, getuid());
  EXPECT_EQ(facts.euid, geteuid());
  EXPECT_EQ(facts.executable, fs::canonical(test::HolderProgram()));
  EXPECT_EQ(facts.name, "rm_holder");
  EXPECT_FALSE(facts.kernel_thread);
  EXPECT_FALSE(facts.zombie);
  EXPECT_FALSE(facts.ignores_term);
  EXPECT_FALSE(facts.blocks_term);
  EXPECT_FALSE(facts.other_pid_namespace);
}

TEST(ReadProcess, HowItTakesSigterm) {
  test::TemporaryDirectory at;
  const Holder ignores({"--ignore-term"}), blocks({"--block-term"}), catches({"--catch-term"});
  EXPECT_TRUE(Read(Live(), ignores.pid()).ignores_term);
  EXPECT_FALSE(Read(Live(), ignores.pid()).blocks_term);
  EXPECT_TRUE(Read(Live(), blocks.pid()).blocks_term);
  EXPECT_FALSE(Read(Live(), blocks.pid()).ignores_term);
  EXPECT_FALSE(Read(Live(), catches.pid()).ignores_term);
  EXPECT_FALSE(Read(Live(), catches.pid()).blocks_term);
}

TEST(ReadProcess, BlockedInOneThreadOnlyIsNotBlocked) {
  test::TemporaryDirectory at;
  const std::string file = at.Write("file");
  const Holder one({"--private-table", file, "--block-term"});
  const Holder all({"--block-term", "--private-table", file});
  EXPECT_FALSE(Read(Live(), one.pid()).blocks_term);
  EXPECT_TRUE(Read(Live(), all.pid()).blocks_term);
}

TEST(ReadProcess, OfAsManyGroupsAsThereMayBe) {
  if (geteuid() != 0) GTEST_SKIP() << "lacks root, to enter groups";
  const Holder holder({}, {.prepare = [] {
                        std::vector<gid_t> groups(65536);
                        std::iota(groups.begin(), groups.end(), 4'000'000'000);
                        if (setgroups(groups.size(), groups.data())) _exit(3);
                      }});
  EXPECT_EQ(Read(Live(), holder.pid()).id, holder.id());
}

TEST(ReadProcess, LeaderThatHasExitedDoesNotBlock) {
  const Holder holder({"--leader-exits"});
  const ProcessFacts facts = Read(Live(), holder.pid());
  EXPECT_TRUE(facts.zombie);
  EXPECT_FALSE(facts.blocks_term);
  EXPECT_EQ(facts.name, "rm_holder");
}

TEST(ReadProcess, Zombie) {
  const pid_t child = fork();
  if (child == 0) _exit(0);
  siginfo_t ended;
  ASSERT_EQ(waitid(P_PID, static_cast<id_t>(child), &ended, WEXITED | WNOWAIT), 0);
  EXPECT_TRUE(Read(Live(), child).zombie);
  EXPECT_FALSE(Read(Live(), child).kernel_thread);
  waitpid(child, nullptr, 0);
}

TEST(ReadProcess, DeletedExecutableKeepsItsName) {
  test::TemporaryDirectory at;
  const std::string program = at.path() + "/program", odd = at.path() + "/odd (deleted)";
  fs::copy_file(test::HolderProgram(), program);
  fs::copy_file(test::HolderProgram(), odd);
  const Holder deleted({}, {.program = program}), called_so({}, {.program = odd});
  fs::remove(program);
  EXPECT_EQ(Read(Live(), deleted.pid()).executable, program);
  EXPECT_EQ(Read(Live(), called_so.pid()).executable, odd);
  fs::remove(odd);
  EXPECT_EQ(Read(Live(), called_so.pid()).executable, odd);
}

TEST(ListPids, HasOurselvesAndNoThreads) {
  test::TemporaryDirectory at;
  const Holder holder({"--private-table", at.Write("file")});
  const auto pids = ListPids(Live());
  ASSERT_TRUE(pids);
  EXPECT_THAT(*pids, Contains(getpid()));
  EXPECT_THAT(*pids, Contains(holder.pid()));
  EXPECT_TRUE(std::is_sorted(pids->begin(), pids->end()));
}

TEST(Ancestors, ParentFirst) {
  const Holder holder({});
  const auto ancestors = Ancestors(Live(), holder.pid());
  ASSERT_TRUE(ancestors);
  ASSERT_THAT(*ancestors, SizeIs(Ge(1u)));
  EXPECT_EQ(ancestors->front(), **Identify(Live(), getpid()));
  for (const ProcessId& ancestor : *ancestors) EXPECT_NE(ancestor.pid, 1);
}

// tests/captures/names: hand-made, see its README.
TEST(Captured, CommWithParentheses) {
  const ProcessFacts facts = Read(Capture("names"), 100);
  EXPECT_EQ(facts.id, (ProcessId{100, 1234}));
  EXPECT_EQ(facts.name, "x) S (y z");
  EXPECT_EQ(facts.executable, "");
  EXPECT_EQ(facts.parent, 7);
  EXPECT_EQ(facts.uid, 1000u);
  EXPECT_EQ(facts.euid, 0u);
  EXPECT_EQ(facts.cgroup, "/user.slice/user-1000.slice/session-2.scope");
  EXPECT_TRUE(facts.has_terminal);
  EXPECT_TRUE(facts.ignores_term);
  EXPECT_TRUE(facts.blocks_term);
  EXPECT_TRUE(facts.other_pid_namespace);
}

TEST(Captured, ContainersProcess) {
  const ProcessFacts facts = Read(Capture("odd"), 80);
  EXPECT_EQ(facts.name, "postgres: a (b)");
  EXPECT_TRUE(facts.other_pid_namespace);
  EXPECT_THAT(facts.cgroup, testing::StartsWith("/system.slice/docker-"));
}

TEST(Captured, KernelThread) {
  const ProcessFacts facts = Read(Capture("names"), 2);
  EXPECT_TRUE(facts.kernel_thread);
  EXPECT_EQ(facts.name, "kthreadd");
  EXPECT_FALSE(facts.other_pid_namespace);
}

TEST(Captured, ThreadThatIsLeftBlocks) { EXPECT_TRUE(Read(Capture("names"), 40).blocks_term); }

TEST(Captured, GarbageIsAFailureNotACrash) {
  EXPECT_FALSE(ReadProcess(Capture("names"), 666));
  EXPECT_FALSE(Identify(Capture("names"), 666));
}

TEST(Captured, ParentLoopEnds) {
  const auto ancestors = Ancestors(Capture("names"), 31);
  ASSERT_TRUE(ancestors);
  EXPECT_THAT(*ancestors, ElementsAre(ProcessId{30, 5}, ProcessId{31, 6}));
}

}  // namespace
}  // namespace rm
