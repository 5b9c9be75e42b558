/* What do ten thousand of the longest paths cost, and what is one too long? */
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "check.h"
#include "world.h"

enum { kMany = 10000, kLongest = PATH_MAX - 1, kName = 200 };

/* Generous: a machine that is ten times slower than the slowest. */
enum { kSeconds = 300, kMegabytes = 1024 };

static char g_path[PATH_MAX + 1];

/* A directory so deep that a name of kName bytes makes the longest path; it ends with '/'. */
static void MakeDeep(void) {
  int at = open(FilesPath(), O_RDONLY | O_DIRECTORY);
  size_t used = (size_t)snprintf(g_path, sizeof g_path, "%s/", FilesPath());
  while (used < kLongest - kName) {
    size_t size = kLongest - kName - used - 1;
    if (size > NAME_MAX) size = size > NAME_MAX + 1 ? NAME_MAX : NAME_MAX - 1;
    memset(g_path + used, 'd', size);
    g_path[used + size] = 0;
    CHECK_EQ(mkdirat(at, g_path + used, 0755), 0);
    const int below = openat(at, g_path + used, O_RDONLY | O_DIRECTORY);
    close(at);
    at = below;
    g_path[used + size] = '/';
    used += size + 1;
  }
  close(at);
  CHECK_EQ(used, kLongest - kName);
}

/* Of `size` bytes in all, told apart by the number. */
static const char *Path(int number, size_t size) {
  const size_t begin = kLongest - kName;
  memset(g_path + begin, 'f', size - begin);
  char digits[16];
  memcpy(g_path + begin, digits, (size_t)snprintf(digits, sizeof digits, "%06d", number));
  g_path[size] = 0;
  return g_path;
}

static double Seconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static int Register(void) {
  MakeDeep();
  const int file = open(Path(0, kLongest), O_CREAT | O_RDWR, 0644);
  CHECK(file >= 0);
  close(file);
  const struct Child *child = StartHolder(Path(0, kLongest), kLeaves);
  const DWORD session = SessionWith("/not/there");
  const double begin = Seconds();
  for (int i = 0; i < kMany; ++i) {
    const char *path = Path(i, kLongest);
    CHECK_EQ(RmxRegisterResources(session, 1, &path, 0, NULL, 0, NULL), ERROR_SUCCESS);
  }
  const double registered = Seconds();

  const char *too_long = Path(0, PATH_MAX);
  CHECK_EQ(RmxRegisterResources(session, 1, &too_long, 0, NULL, 0, NULL), ERROR_BAD_ARGUMENTS);
  static char endless[1 << 20];
  memset(endless, 'x', sizeof endless - 1);
  endless[0] = '/';
  too_long = endless;
  CHECK_EQ(RmxRegisterResources(session, 1, &too_long, 0, NULL, 0, NULL), ERROR_BAD_ARGUMENTS);
  endless[NAME_MAX + 2] = 0; /* one name that is a byte too long */
  CHECK_EQ(RmxRegisterResources(session, 1, &too_long, 0, NULL, 0, NULL), ERROR_BAD_ARGUMENTS);

  const double asked = Seconds();
  CHECK(StatusOf(session, child) >= 0);
  const double listed = Seconds();
  CHECK_EQ(RmEndSession(session), ERROR_SUCCESS);
  struct rusage used;
  getrusage(RUSAGE_SELF, &used);
  printf("%d registrations of %d bytes: %.1f s; list: %.1f s; at most %ld MB\n", kMany, kLongest,
         registered - begin, listed - asked, used.ru_maxrss / 1024);
  CHECK(Seconds() - begin < kSeconds);
  CHECK(used.ru_maxrss / 1024 < kMegabytes);
  return FailedChecks();
}

static void TenThousandOfTheLongestAreBorneAndOneLongerIsRefused(void) {
  CHECK_EQ(RunApart(Register), 0);
}

const struct Test kLongPathTests[] = {{"TenThousandOfTheLongestAreBorneAndOneLongerIsRefused",
                                       TenThousandOfTheLongestAreBorneAndOneLongerIsRefused},
                                      {NULL, NULL}};
