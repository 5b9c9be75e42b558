/* Has memory that `maps` shows by a name, as if it were a file, executable where the kernel allows
 * it. Says "ready", then waits.
 *
 *   --huge                 anonymous, private and shared
 *   --huge-memfd | --huge-sysv
 *   --huge-file DIRECTORY  of a hugetlbfs; the file is removed
 *   --secret               memfd_secret(2)
 *   --perf                 the buffer of a perf event
 *   --aio                  the ring of io_setup(2)
 *   --vcpu                 what KVM shares of a virtual processor
 *   --device FILE          a private mapping of a character device; its node is removed
 *   --spool DIRECTORY      a file with data, removed
 *   --data FILE            private, to be read
 *   --executable           what is readable from here on is executable, too: personality(2)
 *
 * No huge page is needed: nothing is reserved, and nothing is touched.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/aio_abi.h>
#include <linux/kvm.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/shm.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { kHuge = 2 << 20 };

/* 77: it is not this program's fault. */
static void Check(int ok, const char *what) {
  if (ok) return;
  perror(what);
  _exit(77);
}

static void Map(int fd, size_t size, int protection, int how, const char *what) {
  Check(mmap(NULL, size, protection, how, fd, 0) != MAP_FAILED, what);
  if (fd >= 0) close(fd);
}

static void MapHugeFile(int fd, const char *what) {
  Check(fd >= 0 && ftruncate(fd, kHuge) == 0, what);
  Map(fd, kHuge, PROT_READ | PROT_EXEC, MAP_SHARED | MAP_NORESERVE, what);
}

static void HaveHuge(void) {
  const int how = MAP_ANONYMOUS | MAP_HUGETLB | MAP_NORESERVE;
  Map(-1, kHuge, PROT_READ | PROT_WRITE | PROT_EXEC, how | MAP_PRIVATE, "huge pages");
  Map(-1, kHuge, PROT_READ | PROT_WRITE | PROT_EXEC, how | MAP_SHARED, "huge pages");
}

static void HaveHugeSegment(void) {
  int id = shmget(IPC_PRIVATE, kHuge, SHM_HUGETLB | SHM_NORESERVE | 0700);
  Check(id >= 0 && shmat(id, NULL, SHM_EXEC) != (void *)-1, "shmat");
  shmctl(id, IPC_RMID, NULL);
}

static int Unlinked(const char *directory) {
  char name[4096];
  snprintf(name, sizeof name, "%s/XXXXXX", directory);
  int fd = mkstemp(name);
  Check(fd >= 0 && unlink(name) == 0, name);
  return fd;
}

static void HaveSecret(void) {
  int fd = (int)syscall(SYS_memfd_secret, 0);
  Check(fd >= 0 && ftruncate(fd, 4096) == 0, "memfd_secret");
  Map(fd, 4096, PROT_READ, MAP_SHARED, "memfd_secret");
}

static void HavePerf(void) {
  struct perf_event_attr event = {.type = PERF_TYPE_SOFTWARE,
                                  .size = sizeof event,
                                  .config = PERF_COUNT_SW_DUMMY,
                                  .exclude_kernel = 1};
  int fd = (int)syscall(SYS_perf_event_open, &event, 0, -1, -1, PERF_FLAG_FD_CLOEXEC);
  Check(fd >= 0, "perf_event_open");
  Map(fd, 8192, PROT_READ, MAP_SHARED, "perf event");
}

static void HaveAio(void) {
  aio_context_t context = 0;
  Check(syscall(SYS_io_setup, 8, &context) == 0, "io_setup");
}

static void HaveVcpu(void) {
  int kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
  Check(kvm >= 0, "/dev/kvm");
  int machine = ioctl(kvm, KVM_CREATE_VM, 0);
  Check(machine >= 0, "KVM_CREATE_VM");
  int vcpu = ioctl(machine, KVM_CREATE_VCPU, 0);
  Check(vcpu >= 0, "KVM_CREATE_VCPU");
  Map(vcpu, 4096, PROT_READ, MAP_SHARED, "vcpu");
}

static void HaveDevice(const char *node) {
  int fd = open(node, O_RDWR | O_CLOEXEC);
  Check(fd >= 0, node);
  Map(fd, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, node);
  Check(unlink(node) == 0, node);
}

static void HaveSpool(const char *directory) {
  int fd = Unlinked(directory);
  Check(write(fd, "data", 4) == 4, directory);
  Map(fd, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, directory);
}

int main(int argc, char **argv) {
  for (int i = 1; i < argc; ++i) {
    const char *kind = argv[i], *value = argv[i + 1];
    if (!strcmp(kind, "--huge")) HaveHuge();
    if (!strcmp(kind, "--huge-memfd")) MapHugeFile(memfd_create("heap", MFD_HUGETLB), kind);
    if (!strcmp(kind, "--huge-sysv")) HaveHugeSegment();
    if (!strcmp(kind, "--huge-file") && value) MapHugeFile(Unlinked(value), value);
    if (!strcmp(kind, "--secret")) HaveSecret();
    if (!strcmp(kind, "--perf")) HavePerf();
    if (!strcmp(kind, "--aio")) HaveAio();
    if (!strcmp(kind, "--vcpu")) HaveVcpu();
    if (!strcmp(kind, "--device") && value) HaveDevice(value);
    if (!strcmp(kind, "--data") && value)
      Map(open(value, O_RDONLY | O_CLOEXEC), 4096, PROT_READ, MAP_PRIVATE, value);
    if (!strcmp(kind, "--executable")) Check(personality(READ_IMPLIES_EXEC) >= 0, kind);
    if (!strcmp(kind, "--spool") && value) HaveSpool(value);
  }
  Check(printf("ready\n") > 0 && fflush(stdout) == 0, "stdout");
  for (;;) pause();
}
