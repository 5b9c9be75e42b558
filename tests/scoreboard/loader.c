/* Runs code in every way there is, for rows of the scoreboard. Says "ready", then waits.
 *
 *   --load LIBRARY         dlopen(3)
 *   --map FILE             by hand, executable; --data FILE read-only
 *   --copied LIBRARY       a copy in /tmp that is loaded and removed, as Java's native access does
 *   --memfd LIBRARY        a copy in a memfd, loaded from there
 *   --generated DIRECTORY  code of its own in a file that is removed; --unnamed DIRECTORY:
 * O_TMPFILE
 *   --shared               System V shared memory, /dev/zero and anonymous memory, all shared
 *   --root DIRECTORY       chroot(2) after all that was loaded
 *   --mounts               a mount namespace of its own after all that was loaded
 *   --leader-exits         the first thread ends, another stays
 *   --execute PROGRAM...   becomes another program when it gets SIGUSR1
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/sendfile.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <unistd.h>

static void Check(int ok, const char *what) {
  if (ok) return;
  perror(what);
  _exit(2);
}

static void SayReady(void) { Check(printf("ready\n") > 0 && fflush(stdout) == 0, "stdout"); }

static void Load(const char *library) {
  if (dlopen(library, RTLD_NOW)) return;
  fprintf(stderr, "%s\n", dlerror());
  _exit(2);
}

static void Map(int fd, int protection, int how, const char *what) {
  struct stat found;
  Check(fstat(fd, &found) == 0, what);
  Check(mmap(NULL, found.st_size ? (size_t)found.st_size : 4096, protection, how, fd, 0) !=
            MAP_FAILED,
        what);
  close(fd);
}

static void Copy(const char *from, int to) {
  int fd = open(from, O_RDONLY | O_CLOEXEC);
  struct stat found;
  Check(fd >= 0 && fstat(fd, &found) == 0, from);
  Check(sendfile(to, fd, NULL, (size_t)found.st_size) == found.st_size, "sendfile");
  close(fd);
}

static void LoadCopied(const char *library) {
  char name[] = "/tmp/jnaXXXXXX";
  int fd = mkstemp(name);
  Check(fd >= 0, name);
  Copy(library, fd);
  Load(name);
  unlink(name);
}

static void LoadFromMemory(const char *library) {
  char name[64];
  int fd = memfd_create("code", 0);
  Check(fd >= 0, "memfd_create");
  Copy(library, fd);
  snprintf(name, sizeof name, "/proc/self/fd/%d", fd);
  Load(name);
}

static void Generate(int fd) {
  char page[4096];
  Check(fd >= 0, "a file for generated code");
  memset(page, 0xC3, sizeof page);
  Check(write(fd, page, sizeof page) == sizeof page, "write");
  Map(fd, PROT_READ | PROT_EXEC, MAP_SHARED, "generated code");
}

static void GenerateNamed(const char *directory) {
  char name[4096];
  snprintf(name, sizeof name, "%s/ffiXXXXXX", directory);
  int fd = mkstemp(name);
  unlink(name);
  Generate(fd);
}

static void ShareMemory(void) {
  int id = shmget(IPC_PRIVATE, 4096, 0600);
  Check(id >= 0 && shmat(id, NULL, 0) != (void *)-1, "shmat");
  shmctl(id, IPC_RMID, NULL);
  int zero = open("/dev/zero", O_RDWR | O_CLOEXEC);
  Check(mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_SHARED, zero, 0) != MAP_FAILED, "/dev/zero");
  Check(mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0) != MAP_FAILED,
        "memory");
}

static pthread_t leader;
static void *Outlive(void *unused) {
  pthread_join(leader, NULL);
  char state = 0;
  while (state != 'Z') { /* joined a moment before its end */
    char text[512] = "";
    FILE *file = fopen("/proc/self/stat", "re");
    Check(file && fgets(text, sizeof text, file) && sscanf(strrchr(text, ')'), ") %c", &state) == 1,
          "stat");
    fclose(file);
    sched_yield();
  }
  SayReady();
  for (;;) pause();
  return unused;
}

extern const int version_of_the_loader;
const int version_of_the_loader = VERSION;

static void DoNothing(int signal) { (void)signal; }

int main(int argc, char **argv) {
  char **then = NULL;
  (void)argc;
  for (char **a = argv + 1; *a; ++a) {
    const char *option = *a, *value = a[1];
    if (!strcmp(option, "--shared")) {
      ShareMemory();
    } else if (!strcmp(option, "--mounts")) {
      Check(unshare(CLONE_NEWNS) == 0, "unshare");
    } else if (!strcmp(option, "--leader-exits")) {
      pthread_t thread;
      leader = pthread_self();
      Check(pthread_create(&thread, NULL, Outlive, NULL) == 0, "pthread_create");
      pthread_exit(NULL);
    } else if (!value) {
      fprintf(stderr, "%s?\n", option);
      return 2;
    } else if (!strcmp(option, "--execute")) {
      then = a + 1;
      break;
    } else {
      ++a;
      if (!strcmp(option, "--load")) Load(value);
      if (!strcmp(option, "--map"))
        Map(open(value, O_RDONLY | O_CLOEXEC), PROT_READ | PROT_EXEC, MAP_PRIVATE, value);
      if (!strcmp(option, "--data"))
        Map(open(value, O_RDONLY | O_CLOEXEC), PROT_READ, MAP_PRIVATE, value);
      if (!strcmp(option, "--copied")) LoadCopied(value);
      if (!strcmp(option, "--memfd")) LoadFromMemory(value);
      if (!strcmp(option, "--generated")) GenerateNamed(value);
      if (!strcmp(option, "--unnamed")) Generate(open(value, O_TMPFILE | O_RDWR | O_CLOEXEC, 0700));
      if (!strcmp(option, "--root")) Check(chroot(value) == 0 && chdir("/") == 0, value);
    }
  }
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGUSR1);
  signal(SIGUSR1, DoNothing);
  sigprocmask(SIG_BLOCK, &set, NULL);
  SayReady();
  for (;;) {
    int got = 0;
    sigwait(&set, &got);
    if (!then) continue;
    sigprocmask(SIG_UNBLOCK, &set, NULL);
    execv(then[0], then);
    Check(0, then[0]);
  }
}
