/* impostor CGROUP FILE: a process of another user that holds FILE and wants to be taken for
 * services that are not its own.
 *
 * Moves without end among the cgroups that it makes below CGROUP, which was delegated to it, under
 * the names of such services and others that are hard to read; into a cgroup namespace of its own;
 * and on to another pid. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define LONG                                                                                       \
  "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" \
  "aaaaaa"

static const char *const kNames[] = {"rm-victim.service",
                                     "rm-victim.scope",
                                     "_rm-victim.service",
                                     "rm-victim.service (deleted)",
                                     "rm-down.service",
                                     "rm-ghost.service",
                                     "user@0.service",
                                     "user@1001.service",
                                     "session-1.scope",
                                     "init.scope",
                                     "rm-victim.slice",
                                     "system.slice",
                                     "machine.slice",
                                     "docker-rm.scope",
                                     "app-rm.scope",
                                     "rm-hold-0.service",
                                     "dbus.service",
                                     "rm-relaunch-0-1.service",
                                     " ",
                                     "rm-victim.service ",
                                     "...",
                                     ".service",
                                     "@.service",
                                     "%n.service",
                                     "a\\x2fb.service",
                                     "\xff\xfe.service",
                                     "0::",
                                     "rm\nvictim.service",
                                     LONG LONG ".service"};
enum { kCount = sizeof kNames / sizeof *kNames, kDeepest = 24 };

static unsigned Random(unsigned limit) { return (unsigned)rand() % limit; }

/* Makes it, if it can be, and goes into it on the way down; then moves there. */
static void MoveBelow(int cgroup, unsigned depth, int longest) {
  int at = dup(cgroup);
  for (unsigned i = 0; i <= depth && at >= 0; ++i) {
    const char *const name = kNames[longest ? kCount - 1 : (int)Random(kCount)];
    if (mkdirat(at, name, 0755) != 0 && faccessat(at, name, F_OK, 0) != 0) continue;
    const int below = openat(at, name, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (below < 0) continue;
    close(at);
    at = below;
  }
  const int members = openat(at, "cgroup.procs", O_WRONLY | O_CLOEXEC);
  /* It may refuse. */
  if (members >= 0 && write(members, "0", 1) != 1) sched_yield();
  if (members >= 0) close(members);
  if (at >= 0) close(at);
}

int main(int argc, char **argv) {
  if (argc != 3) return 2;
  signal(SIGCHLD, SIG_IGN);
  srand((unsigned)time(NULL) ^ (unsigned)getpid());
  const int cgroup = open(argv[1], O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (cgroup < 0 || open(argv[2], O_RDONLY) < 0) return 1;
  while (1) {
    for (int turns = 200; turns > 0; --turns) MoveBelow(cgroup, Random(3), 0);
    /* The name of which is longer than a path may be. */
    MoveBelow(cgroup, kDeepest, 1);
    if (Random(4) == 0 && unshare(CLONE_NEWUSER | CLONE_NEWCGROUP) != 0) sched_yield();
    if (Random(4) == 0 && fork() > 0) _exit(0);
  }
}
