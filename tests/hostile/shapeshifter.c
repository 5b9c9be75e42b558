/* shapeshifter DIRECTORY NUMBER: a process of another user that changes under the eyes of who looks
 * at it.
 *
 * Notes as whom it runs, in DIRECTORY/ran-UID; as a library (the .so of the same source) it does so
 * when it is loaded. Then it holds DIRECTORY/held, and goes on for ever: another name, other
 * arguments, another environment, another directory, descriptors that come and go, another program,
 * another pid. NUMBER: there is one of each. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

__attribute__((constructor)) static void Note(void) {
  const char *directory = getenv("SHAPESHIFTER");
  char path[4096];
  snprintf(path, sizeof path, "%s/ran-%u", directory ? directory : "/nonexistent", geteuid());
  const int file = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
  if (file >= 0) close(file);
}

#ifndef SHAPESHIFTER_IS_LIBRARY
static unsigned Random(unsigned limit) { return (unsigned)rand() % limit; }

static const char *const kNames[] = {"a) S 1 1 1", "systemctl", "(deleted)",
                                     "x\ny",       "rm-guard",  ""};
static const char *const kDirectories[] = {"/", "/tmp", "/proc/self/fd", "/dev/shm"};

/* One that is `meek` can be started again as it was. */
static void Change(char **argv, const char *directory, int meek) {
  char path[4096];
  prctl(PR_SET_NAME, kNames[Random(6)]);
  if (chdir(kDirectories[Random(meek ? 2 : 4)]) != 0) return;
  /* Its arguments and its environment are its memory. */
  const size_t name = meek ? 0 : strlen(argv[0]);
  for (size_t i = 0; i < name; ++i) argv[0][i] = (char)Random(256);
  if (!meek && environ[0]) memset(environ[0], (int)Random(256), strlen(environ[0]));
  for (int i = 0; i < 4; ++i) {
    snprintf(path, sizeof path, "%s/held", directory);
    const int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file >= 0) dup2(file, 40 + (int)Random(20));
    if (file >= 0) close(file);
    close(40 + (int)Random(20));
  }
  const int memory = memfd_create("restart-manager-registration", MFD_CLOEXEC);
  if (memory >= 0) dup2(memory, 39);
  if (memory >= 0) close(memory);
}

int main(int argc, char **argv) {
  if (argc < 3) return 2;
  const char *const directory = strdup(argv[1]);
  char number[16], path[4096], other[4096];
  snprintf(number, sizeof number, "%.8s", argv[2]);
  srand((unsigned)time(NULL) ^ (unsigned)getpid());
  signal(SIGCHLD, SIG_IGN);
  /* The lock goes along with forks and execs; who is started besides, and finds it taken, ends. */
  snprintf(path, sizeof path, "%s/lock-%s", directory, number);
  if (fcntl(30, F_GETFD) < 0) {
    const int lock = open(path, O_RDWR | O_CREAT, 0666);
    if (lock < 0 || dup2(lock, 30) < 0 || flock(30, LOCK_EX | LOCK_NB) != 0) return 0;
    close(lock);
  }
  snprintf(path, sizeof path, "%s/held", directory);
  open(path, O_RDONLY);
  const int meek = Random(2) == 0;
  for (int turns = 3 + (int)Random(40); turns > 0; --turns) Change(argv, directory, meek);
  if (Random(2) == 0 && fork() > 0) _exit(0);
  snprintf(other, sizeof other, "%s/%s", directory, Random(2) ? "shape" : "shift");
  snprintf(path, sizeof path, "LD_PRELOAD=%s/shape.so", directory);
  char mine[4096];
  snprintf(mine, sizeof mine, "SHAPESHIFTER=%s", directory);
  char *environment[] = {path, mine, (char *)"PATH=/tmp", NULL};
  char *arguments[] = {other, (char *)directory, number, (char *)"--files", (char *)"/etc/passwd",
                       NULL};
  execve(other, arguments, environment);
  return 1;
}
#endif
