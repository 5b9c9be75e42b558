// What keeps others waiting does not keep a look at the machine waiting.
#include "machine/observe.h"

#include <grp.h>
#include <linux/capability.h>
#include <sched.h>
#include <sys/prctl.h>

#include <csignal>
#include <fstream>
#include <iterator>
#include <optional>

#include "base/capabilities.h"
#include "holder/dead_mount.h"
#include "machine/both_backends_test.h"
#include "machine/machine_linux.h"

namespace rm {
namespace {

using test::DeadMount;
using test::Holder;

bool IsStuck(pid_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
  const std::string text((std::istreambuf_iterator<char>(file)), {});
  return text.compare(text.rfind(')'), 3, ") D") == 0;
}

// Its memory is locked as long as a dirty page of it is not written: so is its environment.
TEST_F(BothBackendsTest, AHolderThatIsStuckInAChangeOfItsMemory) {
  const std::string file = at_.Write("file"), folder = MakeDirectory("mount");
  EXPECT_CHILD("FUSE", [&] {
    std::optional<Holder> holder;  // cannot be ended before the mount lets go of it
    DeadMount mount(folder);
    if (!mount.exists()) _exit(77);
    holder.emplace(std::vector<std::string>{"--open", file, "--change-map", mount.file()});
    mount.Die();
    holder->Signal(SIGUSR1);
    while (!IsStuck(holder->pid())) sched_yield();
    const auto machine = MakeLinuxMachine("/nowhere");
    ASSERT_TRUE(machine);
    auto registered = (*machine)->IdentifyFiles({file});
    ASSERT_TRUE(registered);
    for (const Backend backend : {Backend::kBpf, Backend::kProc}) {
      const auto seen = (*machine)->Observe({.files = *registered, .processes = {holder->id()}},
                                            {.backend = backend}, {});
      ASSERT_TRUE(seen) << seen.error().message;
      EXPECT_TRUE(seen->processes.contains(holder->id()));
      EXPECT_THAT(seen->unanswered,
                  testing::Contains(testing::Field(&ProcessId::pid, holder->pid())));
      EXPECT_EQ(seen->holdings.size(), 1u) << "what was open before the kernel was kept waiting";
    }
  });
}

// However its path is spelled.
TEST_F(BothBackendsTest, WhatIsOnADeadServer) {
  const std::string folder = MakeDirectory("mount");
  EXPECT_CHILD("FUSE", [&] {
    DeadMount mount(folder);
    if (!mount.exists()) _exit(77);
    mount.Die();
    const auto machine = MakeLinuxMachine("/nowhere");
    ASSERT_TRUE(machine);
    EXPECT_EQ((*machine)->WithoutLinks(mount.file()), mount.file());
    const auto file = (*machine)->IdentifyFiles({at_.path() + "//mount/file"});
    ASSERT_TRUE(file);
    EXPECT_TRUE(file->front().unreachable);
    const auto tree = (*machine)->IdentifyTree(folder, false, {});
    ASSERT_TRUE(tree);
    EXPECT_TRUE(tree->file.unreachable);
    EXPECT_EQ(tree->skipped.size(), 1u);
    FileResource registered = tree->file;
    registered.tree->at_registration = {{"file", {.dev = 1, .ino = 2}}};
    const auto seen = (*machine)->Observe({.files = {registered}}, {}, {});
    ASSERT_TRUE(seen);
    EXPECT_THAT(seen->unreachable, testing::ElementsAre(0u));
  });
}

// For good: with no more than what it takes to run a BPF program.
bool BecomeNobodyWithBpf() {
  constexpr uint64_t kBpf = Bit(CAP_BPF) | Bit(CAP_PERFMON);
  return prctl(PR_SET_KEEPCAPS, 1) == 0 && setgroups(0, nullptr) == 0 &&
         setresgid(65534, 65534, 65534) == 0 && setresuid(65534, 65534, 65534) == 0 &&
         SetCapabilities({.effective = kBpf, .permitted = kBpf}) && prctl(PR_SET_DUMPABLE, 1) == 0;
}

class HiddenHolderTest : public BothBackendsTest,
                         public testing::WithParamInterface<const char*> {};

// The kernel shows it, /proc does not.
TEST_P(HiddenHolderTest, IsTold) {
  const std::string file = at_.Write("file"), other = at_.Write("other");
  std::filesystem::permissions(at_.path(), std::filesystem::perms(0755));
  const Holder holder({"--open", file}), sender({"--in-flight", other});
  const ProcessId id = holder.id();
  EXPECT_CHILD("a /proc that hides processes", [&] {
    if (mount("proc", "/proc", "proc", 0, GetParam()) || !BecomeNobodyWithBpf()) _exit(77);
    const auto machine = MakeLinuxMachine("/nowhere");
    ASSERT_TRUE(machine);
    auto registered = (*machine)->IdentifyFiles({file});
    ASSERT_TRUE(registered);
    const auto seen = (*machine)->Observe({.files = *registered, .processes = {id}},
                                          {.backend = Backend::kBpf}, {});
    ASSERT_TRUE(seen) << seen.error().message;
    ASSERT_EQ(seen->holdings.size(), 1u);
    EXPECT_EQ(seen->holdings.front().process, id);
    const auto found = seen->processes.find(id);
    ASSERT_NE(found, seen->processes.end());
    EXPECT_TRUE(found->second.hidden);
    EXPECT_THAT(seen->unreadable, testing::Contains(testing::Field(&ProcessId::pid, sender.pid())));
  });
}

INSTANTIATE_TEST_SUITE_P(Hidepid, HiddenHolderTest,
                         testing::Values("hidepid=noaccess", "hidepid=invisible"),
                         [](const auto& how) { return std::string(how.param).substr(8); });

}  // namespace
}  // namespace rm
