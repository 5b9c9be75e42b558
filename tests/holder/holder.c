/* Holds files in every way there is, for tests. Says "ready" on stdout once it does, then waits.
 *
 *   --open FILE | --path FILE (O_PATH)
 *   --map FILE | --map-code FILE (executable); the descriptor is closed
 *   --change-map FILE      mapped and written to; at SIGUSR1 something else is mapped in its place
 *   --cwd DIRECTORY | --root DIRECTORY (chroot)
 *   --io-uring FILE        registered with an io_uring; the descriptor is closed
 *   --busy-io-uring FILE   the same, and a child that gives the ring no rest
 *   --mapped-ring FILE     likewise; the ring's descriptor is closed too, its memory stays mapped
 *   --in-flight FILE       in a message on a socket that nobody has read; the descriptor is closed
 *   --private-table FILE   opened in the descriptor table of a thread of its own
 *   --private-cwd DIR      working directory of a thread of its own
 *   --leader-exits         the first thread ends, the others stay
 *   --relay                the first thread ends, and each other one as soon as it has started the
 * next
 *   --ignore-term | --block-term | --catch-term (leaves with 0) | --refuse-term (caught, stays)
 *   --title TEXT           written over the arguments
 *   --title-with-nuls      the same, with as many NULs behind it as there were arguments
 *   --large-arguments      as /proc shows them: more than anything can be started with
 *   --vfork                in uninterruptible sleep, until its child executes something: never
 *   --outlive              stays when the process that started it has ended
 *
 * As an executable it is held by copying and running it. Given in this order, done in this order.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/io_uring.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static pthread_t leader;
static pthread_barrier_t done;

static void Check(int ok, const char *what) {
  if (ok) return;
  perror(what);
  _exit(2);
}

static void Leave(int signal) {
  (void)signal;
  _exit(0);
}

static void Stay(int signal) { (void)signal; }

static void OnTerm(void (*handler)(int)) {
  struct sigaction action = {.sa_handler = handler};
  Check(sigaction(SIGTERM, &action, NULL) == 0, "sigaction");
}

static void Wait(void) {
  for (;;) pause();
}

static void SayReady(void) { Check(printf("ready\n") > 0 && fflush(stdout) == 0, "stdout"); }

static void *HoldInOwnTable(void *file) {
  Check(unshare(CLONE_FILES) == 0, "unshare");
  Check(open(file, O_RDONLY) >= 0, file);
  pthread_barrier_wait(&done);
  Wait();
  return NULL;
}

static void *HoldAsOwnDirectory(void *directory) {
  Check(unshare(CLONE_FS) == 0, "unshare");
  Check(chdir(directory) == 0, directory);
  pthread_barrier_wait(&done);
  Wait();
  return NULL;
}

static void StartThread(void *(*hold)(void *), char *argument) {
  pthread_t thread;
  pthread_barrier_init(&done, NULL, 2);
  Check(pthread_create(&thread, NULL, hold, argument) == 0, "pthread_create");
  pthread_barrier_wait(&done);
}

static char StateOf(pid_t pid) {
  char name[64], text[512] = "", state = 0;
  snprintf(name, sizeof name, "/proc/%d/stat", pid);
  FILE *file = fopen(name, "re");
  Check(file && fgets(text, sizeof text, file), name);
  fclose(file);
  Check(sscanf(strrchr(text, ')'), ") %c", &state) == 1, name);
  return state;
}

static void *OutliveLeader(void *unused) {
  pthread_join(leader, NULL);
  while (StateOf(getpid()) != 'Z') sched_yield(); /* joined a moment before its end */
  SayReady();
  Wait();
  return unused;
}

static void StartNext(void *(*next)(void *)) {
  pthread_t thread;
  pthread_attr_t apart;
  pthread_attr_init(&apart);
  pthread_attr_setdetachstate(&apart, PTHREAD_CREATE_DETACHED);
  /* Its predecessors may not have gone yet. */
  while (pthread_create(&thread, &apart, next, NULL) != 0) sched_yield();
  pthread_attr_destroy(&apart);
}

static void *HandOn(void *unused) {
  StartNext(HandOn);
  return unused;
}

static void *BeginRelay(void *unused) {
  pthread_join(leader, NULL);
  while (StateOf(getpid()) != 'Z') sched_yield();
  SayReady();
  return HandOn(unused);
}

static void Map(const char *path, int access) {
  int fd = open(path, O_RDONLY);
  Check(fd >= 0, path);
  struct stat found;
  Check(fstat(fd, &found) == 0, path);
  Check(mmap(NULL, (size_t)found.st_size, access, MAP_PRIVATE, fd, 0) != MAP_FAILED, path);
  close(fd);
}

static void *changed;

static void PutOtherInPlace(int signal) {
  (void)signal;
  mmap(changed, 1, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
}

static void MapAndWrite(const char *path) {
  int fd = open(path, O_RDWR);
  Check(fd >= 0, path);
  changed = mmap(NULL, 1, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  Check(changed != MAP_FAILED, path);
  *(volatile char *)changed = 'x';
  struct sigaction action = {.sa_handler = PutOtherInPlace};
  Check(sigaction(SIGUSR1, &action, NULL) == 0, "sigaction");
}

static int RegisterWithRing(const char *path, unsigned entries, struct io_uring_params *params) {
  int ring = (int)syscall(SYS_io_uring_setup, entries, params);
  Check(ring >= 0, "io_uring_setup");
  int fd = open(path, O_RDONLY);
  Check(fd >= 0, path);
  Check(syscall(SYS_io_uring_register, ring, IORING_REGISTER_FILES, &fd, 1) == 0, "register");
  close(fd);
  return ring;
}

static void *MapOfRing(int ring, size_t size, off_t what) {
  void *map = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, ring, what);
  Check(map != MAP_FAILED, "mmap");
  return map;
}

/* Whoever is at work in a ring has it locked. */
static void KeepRingBusy(const char *path) {
  struct io_uring_params params = {0};
  int ring = RegisterWithRing(path, 4096, &params);
  unsigned char *queue = MapOfRing(ring, params.sq_off.array + params.sq_entries * sizeof(unsigned),
                                   IORING_OFF_SQ_RING);
  unsigned char *answers =
      MapOfRing(ring, params.cq_off.cqes + params.cq_entries * sizeof(struct io_uring_cqe),
                IORING_OFF_CQ_RING);
  struct io_uring_sqe *requests =
      MapOfRing(ring, params.sq_entries * sizeof *requests, IORING_OFF_SQES);
  unsigned *tail = (unsigned *)(queue + params.sq_off.tail);
  for (unsigned i = 0; i < params.sq_entries; ++i) {
    requests[i] = (struct io_uring_sqe){.opcode = IORING_OP_NOP};
    ((unsigned *)(queue + params.sq_off.array))[i] = i;
  }
  pid_t child = fork();
  Check(child >= 0, "fork");
  if (child != 0) return;
  Check(prctl(PR_SET_PDEATHSIG, SIGKILL) == 0, "prctl");
  for (;;) {
    __atomic_store_n(tail, *tail + params.sq_entries, __ATOMIC_RELEASE);
    Check(syscall(SYS_io_uring_enter, ring, params.sq_entries, 0, 0, NULL, 0) >= 0, "enter");
    unsigned done = __atomic_load_n((unsigned *)(answers + params.cq_off.tail), __ATOMIC_ACQUIRE);
    __atomic_store_n((unsigned *)(answers + params.cq_off.head), done, __ATOMIC_RELEASE);
  }
}

static void KeepOnlyMapping(const char *path) {
  struct io_uring_params params = {0};
  int ring = RegisterWithRing(path, 1, &params);
  MapOfRing(ring, 4096, IORING_OFF_SQ_RING);
  close(ring);
}

static void SendAway(const char *path) {
  int ends[2], fd = open(path, O_RDONLY);
  Check(fd >= 0, path);
  Check(socketpair(AF_UNIX, SOCK_DGRAM, 0, ends) == 0, "socketpair");
  char control[CMSG_SPACE(sizeof fd)] = {0}, byte = 0;
  struct iovec part = {.iov_base = &byte, .iov_len = 1};
  struct msghdr message = {
      .msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
  struct cmsghdr *rights = CMSG_FIRSTHDR(&message);
  rights->cmsg_level = SOL_SOCKET;
  rights->cmsg_type = SCM_RIGHTS;
  rights->cmsg_len = CMSG_LEN(sizeof fd);
  memcpy(CMSG_DATA(rights), &fd, sizeof fd);
  Check(sendmsg(ends[0], &message, 0) == 1, "sendmsg");
  close(fd);
}

static void BlockTerm(void) {
  sigset_t term;
  sigemptyset(&term);
  sigaddset(&term, SIGTERM);
  Check(pthread_sigmask(SIG_BLOCK, &term, NULL) == 0, "pthread_sigmask");
}

/* As setproctitle() does it: over all arguments, the rest filled with NULs. */
static void Retitle(int argc, char **argv, const char *text) {
  char *title = strdup(text);
  char *end = argv[argc - 1] + strlen(argv[argc - 1]) + 1;
  size_t room = (size_t)(end - argv[0]);
  memset(argv[0], 0, room);
  strncpy(argv[0], title, room - 1);
  free(title);
}

static void RetitleWithNuls(int argc, char **argv) {
  char *end = argv[argc - 1] + strlen(argv[argc - 1]) + 1;
  size_t room = (size_t)(end - argv[0]);
  memset(argv[0], 'x', room - (size_t)argc);
  memset(end - argc, 0, (size_t)argc);
}

static void EnlargeArguments(void) {
  char text[2048];
  int fd = open("/proc/self/stat", O_RDONLY | O_CLOEXEC);
  ssize_t got = read(fd, text, sizeof text - 1);
  Check(got > 0, "stat");
  close(fd);
  text[got] = 0;
  uint64_t field[52] = {0}; /* as proc(5) counts them */
  char *rest = strrchr(text, ')') + 1, *word;
  for (int i = 3; i < 52 && (word = strsep(&rest, " ")); i += *word != 0)
    field[i] = strtoull(word, NULL, 10);
  size_t bytes = 64 << 20;
  char *place = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  Check(place != MAP_FAILED, "mmap");
  struct prctl_mm_map moved = {.start_code = field[26],
                               .end_code = field[27],
                               .start_stack = field[28],
                               .start_data = field[45],
                               .end_data = field[46],
                               .start_brk = field[47],
                               .brk = (uint64_t)sbrk(0),
                               .arg_start = (uint64_t)place,
                               .arg_end = (uint64_t)place + bytes - 1,
                               .env_start = field[50],
                               .env_end = field[51],
                               .exe_fd = (uint32_t)-1};
  Check(prctl(PR_SET_MM, PR_SET_MM_MAP, &moved, sizeof moved, 0) == 0, "PR_SET_MM_MAP");
}

/* The child has memory of its own, other than that of vfork(2), so that it may do all this. */
static void SleepInVfork(void) {
  pid_t parent = getpid();
  long child = syscall(SYS_clone, CLONE_VFORK | SIGCHLD, 0, 0, 0, 0);
  Check(child == 0, "clone");
  Check(prctl(PR_SET_PDEATHSIG, SIGKILL) == 0, "prctl");
  while (StateOf(parent) != 'D') sched_yield();
  SayReady();
  Wait();
}

int main(int argc, char **argv) {
  int vforks = 0, outlive = 0, title_with_nuls = 0;
  void *(*successor)(void *) = NULL;
  char *title = NULL;
  for (int i = 1; i < argc; ++i) {
    char *option = argv[i];
    if (!strcmp(option, "--leader-exits")) {
      successor = OutliveLeader;
    } else if (!strcmp(option, "--relay")) {
      successor = BeginRelay;
    } else if (!strcmp(option, "--ignore-term")) {
      OnTerm(SIG_IGN);
    } else if (!strcmp(option, "--block-term")) {
      BlockTerm();
    } else if (!strcmp(option, "--catch-term")) {
      OnTerm(Leave);
    } else if (!strcmp(option, "--refuse-term")) {
      OnTerm(Stay);
    } else if (!strcmp(option, "--large-arguments")) {
      EnlargeArguments();
    } else if (!strcmp(option, "--vfork")) {
      vforks = 1;
    } else if (!strcmp(option, "--title-with-nuls")) {
      title_with_nuls = 1;
    } else if (!strcmp(option, "--outlive")) {
      outlive = 1;
    } else if (i + 1 == argc) {
      fprintf(stderr, "%s: what, or of what?\n", option);
      return 2;
    } else {
      char *value = argv[++i];
      if (!strcmp(option, "--open")) {
        Check(open(value, O_RDONLY) >= 0, value);
      } else if (!strcmp(option, "--path")) {
        Check(open(value, O_PATH) >= 0, value);
      } else if (!strcmp(option, "--map")) {
        Map(value, PROT_READ);
      } else if (!strcmp(option, "--map-code")) {
        Map(value, PROT_READ | PROT_EXEC);
      } else if (!strcmp(option, "--change-map")) {
        MapAndWrite(value);
      } else if (!strcmp(option, "--cwd")) {
        Check(chdir(value) == 0, value);
      } else if (!strcmp(option, "--root")) {
        Check(chroot(value) == 0, value);
      } else if (!strcmp(option, "--io-uring")) {
        struct io_uring_params params = {0};
        RegisterWithRing(value, 1, &params);
      } else if (!strcmp(option, "--busy-io-uring")) {
        KeepRingBusy(value);
      } else if (!strcmp(option, "--mapped-ring")) {
        KeepOnlyMapping(value);
      } else if (!strcmp(option, "--in-flight")) {
        SendAway(value);
      } else if (!strcmp(option, "--private-table")) {
        StartThread(HoldInOwnTable, value);
      } else if (!strcmp(option, "--private-cwd")) {
        StartThread(HoldAsOwnDirectory, value);
      } else if (!strcmp(option, "--title")) {
        title = value;
      } else {
        fprintf(stderr, "%s: unknown\n", option);
        return 2;
      }
    }
  }
  if (title) Retitle(argc, argv, title);
  if (title_with_nuls) RetitleWithNuls(argc, argv);
  if (!outlive) Check(prctl(PR_SET_PDEATHSIG, SIGKILL) == 0, "prctl");
  if (vforks) SleepInVfork();
  if (successor) {
    pthread_t thread;
    leader = pthread_self();
    Check(pthread_create(&thread, NULL, successor, NULL) == 0, "pthread_create");
    pthread_exit(NULL);
  }
  SayReady();
  Wait();
}
