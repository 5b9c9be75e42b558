// What keeps others waiting does not keep a look at the machine waiting.
#include "machine/observe.h"

#include <sched.h>

#include <csignal>
#include <fstream>
#include <iterator>
#include <optional>

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
    const auto seen = (*machine)->Observe({.files = *registered, .processes = {holder->id()}},
                                          {.backend = Backend::kBpf}, {});
    ASSERT_TRUE(seen) << seen.error().message;
    EXPECT_TRUE(seen->processes.contains(holder->id()));
    EXPECT_THAT(seen->unanswered,
                testing::Contains(testing::Field(&ProcessId::pid, holder->pid())));
    EXPECT_EQ(seen->holdings.size(), 1u);
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

}  // namespace
}  // namespace rm
