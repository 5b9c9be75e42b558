#include "procfs/hidden.h"

#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include <functional>
#include <string>

#include "procfs/holders.h"
#include "procfs/process.h"

namespace rm {
namespace {

enum Seen { kAll = 0, kHidden = 1, kLacks = 77 };

int StatusOf(pid_t child) {
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

// What pid 1 of a pid namespace finds, whose /proc is mounted so.
int SeenIn(const std::string& options, const std::function<int()>& look) {
  const pid_t child = fork();
  if (child == 0) {
    if (unshare(CLONE_NEWNS | CLONE_NEWPID)) _exit(kLacks);
    const pid_t first = fork();
    if (first) _exit(StatusOf(first));
    if (mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, "") ||
        mount("proc", "/proc", "proc", 0, options.c_str())) {
      _exit(kLacks);
    }
    _exit(look());
  }
  return StatusOf(child);
}

// What this user is told.
int SeenBy(uid_t user, gid_t group, const std::string& options) {
  return SeenIn(options, [&] {
    if (user && (setresgid(group, group, group) || setresuid(user, user, user))) return 2;
    const auto proc = ProcTree::Open();
    if (!proc) return 3;
    const bool hidden = HidesProcesses(*proc);
    const auto scan = FindHolders(*proc, {});
    const bool told = scan && !scan->unreadable.empty() && scan->unreadable[0] == ProcessId{};
    return told != hidden ? 4 : static_cast<int>(hidden);
  });
}

#define EXPECT_SEEN(what, ...)                                                     \
  do {                                                                             \
    const int seen = SeenBy(__VA_ARGS__);                                          \
    if (seen == kLacks) GTEST_SKIP() << "lacks root, or a /proc that hides (5.8)"; \
    EXPECT_EQ(seen, what);                                                         \
  } while (0)

TEST(HiddenTest, WhoMayNotLookAtEverybodyIsToldThatSomeAreHidden) {
  EXPECT_SEEN(kHidden, 65534, 65534, "hidepid=2");
  EXPECT_SEEN(kHidden, 65534, 65534, "hidepid=ptraceable");
}

TEST(HiddenTest, NothingIsHiddenFromRootAndItsGroup) {
  EXPECT_SEEN(kAll, 0, 0, "hidepid=2");
  EXPECT_SEEN(kAll, 0, 0, "hidepid=ptraceable");
  EXPECT_SEEN(kAll, 65534, 4, "hidepid=2,gid=4");
  EXPECT_SEEN(kHidden, 65534, 4, "hidepid=ptraceable,gid=4");
}

TEST(HiddenTest, WhoseFilesMayNotBeReadIsNotHidden) {
  EXPECT_SEEN(kAll, 65534, 65534, "hidepid=0");
  EXPECT_SEEN(kAll, 65534, 65534, "hidepid=1");
}

// How many ancestors a user's process is told of, whose parent is root's and no pid 1.
int AncestorsOfUsers(const std::string& options) {
  return SeenIn(options, [] {
    const pid_t parent = fork();
    if (parent) return StatusOf(parent);
    const pid_t child = fork();
    if (child) _exit(StatusOf(child));
    if (setresgid(65534, 65534, 65534) || setresuid(65534, 65534, 65534)) _exit(2);
    const auto proc = ProcTree::Open();
    if (!proc) _exit(3);
    const auto ancestors = Ancestors(*proc, getpid());
    _exit(ancestors ? static_cast<int>(ancestors->size()) : 4);
  });
}

TEST(HiddenTest, AncestorsEndWhereOneIsHidden) {
  const int all = AncestorsOfUsers("hidepid=0");
  if (all == kLacks) GTEST_SKIP() << "lacks root";
  EXPECT_EQ(all, 1);
  EXPECT_EQ(AncestorsOfUsers("hidepid=1"), 0);
  EXPECT_EQ(AncestorsOfUsers("hidepid=2"), 0);
}

}  // namespace
}  // namespace rm
