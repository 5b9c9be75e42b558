#include "procfs/hidden.h"

#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include <string>

#include "procfs/holders.h"

namespace rm {
namespace {

enum Seen { kAll = 0, kHidden = 1, kLacks = 77 };

int StatusOf(pid_t child) {
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

// What this user is told as pid 1 of a pid namespace, whose /proc is mounted so.
int SeenBy(uid_t user, gid_t group, const std::string& options) {
  const pid_t child = fork();
  if (child == 0) {
    if (unshare(CLONE_NEWNS | CLONE_NEWPID)) _exit(kLacks);
    const pid_t first = fork();
    if (first) _exit(StatusOf(first));
    if (mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, "") ||
        mount("proc", "/proc", "proc", 0, options.c_str())) {
      _exit(kLacks);
    }
    if (user && (setresgid(group, group, group) || setresuid(user, user, user))) _exit(2);
    const auto proc = ProcTree::Open();
    if (!proc) _exit(3);
    const bool hidden = HidesProcesses(*proc);
    const auto scan = FindHolders(*proc, {});
    const bool told = scan && !scan->unreadable.empty() && scan->unreadable[0] == ProcessId{};
    _exit(told != hidden ? 4 : hidden);
  }
  return StatusOf(child);
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

}  // namespace
}  // namespace rm
