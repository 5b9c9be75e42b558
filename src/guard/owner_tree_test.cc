#include "guard/owner_tree.h"

#include <gmock/gmock.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>

#include "holder/dead_mount.h"
#include "holder/holder.h"
#include "holder/in_child.h"

namespace rm {
namespace {

using test::DeadMount;
using test::Holder;
using test::TemporaryDirectory;
using ::testing::ElementsAre;
using ::testing::Optional;

bool IsStuck(pid_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
  const std::string text((std::istreambuf_iterator<char>(file)), {});
  return text.compare(text.rfind(')'), 3, ") D") == 0;
}

class OwnerTreeTest : public ::testing::Test {
 protected:
  std::optional<Descendant> Find(const Holder& holder) {
    const auto tree = Descendants(proc_, getpid());
    EXPECT_TRUE(tree);
    if (!tree) return std::nullopt;
    const auto found = std::ranges::find(*tree, holder.id(), &Descendant::id);
    return found == tree->end() ? std::nullopt : std::optional(*found);
  }

  const ProcTree proc_ = std::move(*ProcTree::Open());
  TemporaryDirectory at_;
};

// The memory of such a process cannot be read until it goes on. The guard waited for that, and saw
// neither the owner's end nor a request to end any more.
TEST_F(OwnerTreeTest, WhoIsStuckInAChangeOfItsMemoryKeepsNobodyWaiting) {
  const std::string folder = at_.path() + "/mount", file = at_.Write("file");
  std::filesystem::create_directory(folder);
  EXPECT_CHILD("FUSE", [&] {
    const Holder other({"--open", file});
    std::optional<Holder> stuck;  // cannot be ended before the mount lets go of it
    DeadMount mount(folder);
    if (!mount.exists()) _exit(77);
    stuck.emplace(std::vector<std::string>{"--change-map", mount.file()});
    mount.Die();
    stuck->Signal(SIGUSR1);
    while (!IsStuck(stuck->pid())) sched_yield();
    EXPECT_TRUE(Find(*stuck));
    EXPECT_TRUE(Find(other));
    const auto lines = CommandLines(proc_, {stuck->id(), other.id()});
    ASSERT_TRUE(lines);
    EXPECT_THAT(*lines, ElementsAre(std::nullopt,
                                    Optional(ElementsAre(test::HolderProgram(), "--open", file))));
  });
}

TEST_F(OwnerTreeTest, WhoHasEndedWasStartedWithNothing) {
  Holder holder({"--open", at_.Write("file")});
  const ProcessId id = holder.id();
  holder.Signal(SIGKILL);
  holder.AwaitEnd();
  const auto lines = CommandLines(proc_, {id});
  ASSERT_TRUE(lines);
  EXPECT_THAT(*lines, ElementsAre(Optional(ElementsAre())));
}

}  // namespace
}  // namespace rm
