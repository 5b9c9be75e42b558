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

}  // namespace
}  // namespace rm
