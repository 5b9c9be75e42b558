/* Many at once: threads over sessions, sessions over processes. Does anybody see what nobody did,
 * is anything lost, does anybody wait in vain? Built with ThreadSanitizer as well (preset tsan). */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"
#include "world.h"

/* --- threads -----------------------------------------------------------------------------------
 */

enum { kThreads = 16, kSessions = 8, kRounds = 48 };

static atomic_uint handles[kSessions];
static atomic_long surprises, did[16];
static char *paths[kSessions];

/* `allowed` ends with 0, which always is: so is a session that another thread has just ended, a
 * call that another thread cancelled, and a number that is by now the handle of one who joined. */
static void Expect(int act, DWORD code, const DWORD *allowed) {
  atomic_fetch_add(&did[act], 1);
  if (code == ERROR_INVALID_HANDLE || code == ERROR_SESSION_CREDENTIAL_CONFLICT) return;
  for (; *allowed != 0; ++allowed)
    if (code == *allowed) return;
  if (code == ERROR_SUCCESS) return;
  atomic_fetch_add(&surprises, 1);
  printf("act %d gives %u: %s\n", act, (unsigned)code, RmxGetErrorText());
}

static void NewSession(unsigned number) {
  DWORD session = 0;
  WCHAR key[33];
  const DWORD code = RmStartSession(&session, 0, key);
  Expect(0, code, (const DWORD[]){0});
  if (code == ERROR_SUCCESS) atomic_store(&handles[number], session);
}

/* In the place of one that has ended, unless another thread, whom that number meant something else,
 * was faster. */
static void NewSessionFor(unsigned number, unsigned ended) {
  DWORD session = 0;
  WCHAR key[33];
  const DWORD code = RmStartSession(&session, 0, key);
  Expect(0, code, (const DWORD[]){0});
  if (code == ERROR_SUCCESS && !atomic_compare_exchange_strong(&handles[number], &ended, session))
    Expect(15, RmEndSession(session), (const DWORD[]){0});
}

static void ListAll(DWORD session) {
  RM_PROCESS_INFO apps[LISTED_MAX];
  UINT needed = 0, count = LISTED_MAX;
  DWORD reasons = 0;
  RMX_APP_LIST *list = NULL;
  Expect(1, RmGetList(session, &needed, &count, apps, &reasons),
         (const DWORD[]){ERROR_CANCELLED, 0});
  Expect(2, RmxGetApps(session, &list), (const DWORD[]){ERROR_CANCELLED, 0});
  RmxFree(list);
}

static void Filter(DWORD session) {
  RM_FILTER_INFO filters[16];
  DWORD size = 0;
  Expect(3, RmAddFilter(session, u"/bin/x", NULL, NULL, RmNoRestart), (const DWORD[]){0});
  Expect(4, RmGetFilterList(session, (PBYTE)filters, sizeof filters, &size), (const DWORD[]){0});
  Expect(5, RmRemoveFilter(session, u"/bin/x", NULL, NULL),
         (const DWORD[]){ERROR_FILE_NOT_FOUND, 0});
}

static void JoinAnother(void) {
  DWORD session = 0, joined = 0;
  WCHAR key[33];
  if (RmStartSession(&session, 0, key) != ERROR_SUCCESS) abort();
  Expect(6, RmJoinSession(&joined, key), (const DWORD[]){0});
  Expect(7, RegisterFile(joined, "/not/there"), (const DWORD[]){0});
  Expect(8, RmEndSession(session), (const DWORD[]){0});
  Expect(9, RmEndSession(joined), (const DWORD[]){0});
}

static void ShowSessions(void) {
  RMX_SESSION_LIST *list = NULL;
  Expect(10, RmxGetSessions(&list), (const DWORD[]){0});
  RmxFree(list);
}

static void *Work(void *argument) {
  const unsigned thread = (unsigned)(size_t)argument;
  for (unsigned round = 0; round < kRounds; ++round) {
    const unsigned number = (thread + round) % kSessions;
    const DWORD session = atomic_load(&handles[number]);
    switch ((thread / 2 + round) % 8) {
      case 0:
        Expect(11, RegisterFile(session, paths[number]), (const DWORD[]){0});
        break;
      case 1:
        ListAll(session);
        break;
      case 2:
        Expect(12, RmShutdown(session, 0, NULL), (const DWORD[]){ERROR_CANCELLED, 0});
        break;
      case 3:
        Expect(13, RmRestart(session, 0, NULL),
               (const DWORD[]){ERROR_CANCELLED, ERROR_REQUEST_OUT_OF_SEQUENCE, 0});
        break;
      case 4:
        Expect(14, RmCancelCurrentTask(session), (const DWORD[]){0});
        break;
      case 5:
        Filter(session);
        break;
      case 6:
        ShowSessions();
        JoinAnother();
        break;
      default:
        if (RmEndSession(session) == ERROR_SUCCESS) NewSessionFor(number, session);
        break;
    }
  }
  return NULL;
}

static void SixteenThreadsOverEightSessions(void) {
  pthread_t threads[kThreads];
  struct Child *holders[kSessions];
  if (!ChildrenAreAppsOfTheirOwn()) return;
  for (unsigned i = 0; i < kSessions; ++i) {
    char name[16];
    snprintf(name, sizeof name, "library%u", i);
    paths[i] = realpath(NewFile(name), NULL);
    holders[i] = StartHolder(paths[i], kLeaves);
  }
  for (unsigned i = 0; i < kSessions; ++i) NewSession(i);
  for (size_t i = 0; i < kThreads; ++i)
    CHECK_EQ(pthread_create(&threads[i], NULL, Work, (void *)i), 0);
  for (size_t i = 0; i < kThreads; ++i) pthread_join(threads[i], NULL);
  CHECK_EQ(atomic_load(&surprises), 0);
  for (size_t i = 0; i < COUNT(did) - 1; ++i) CHECK(atomic_load(&did[i]) > 0);
  int left = 0;
  for (unsigned i = 0; i < kSessions; ++i) left += !IsAlive(holders[i]);
  CHECK(left > 0); /* some were really stopped */
  for (unsigned i = 0; i < kSessions; ++i) free(paths[i]);
  /* Also those that a thread took for another and put aside. */
  for (DWORD handle = 0; handle < 64; ++handle)
    Expect(15, RmEndSession(handle), (const DWORD[]){0});
  RMX_SESSION_LIST *list = NULL;
  CHECK_EQ(RmxGetSessions(&list), ERROR_SUCCESS);
  CHECK_EQ(list->nSessions, 0);
  RmxFree(list);
}

/* --- processes ---------------------------------------------------------------------------------
 */

enum { kProcesses = 8, kEach = 8, kFiles = 1000, kBatch = 125 };

/* Registers 1,000 files in a session of its own, in batches. */
static void *RegisterAll(void *argument) {
  const size_t thread = (size_t)argument;
  static char names[kEach][kBatch][64];
  const char *files[kBatch];
  DWORD session = 0;
  WCHAR key[33];
  if (RmStartSession(&session, 0, key) != ERROR_SUCCESS) return NULL;
  for (int first = 0; first < kFiles; first += kBatch) {
    for (int i = 0; i < kBatch; ++i) {
      snprintf(names[thread][i], sizeof names[thread][i], "/not/there/%d/%zu/%d", (int)getpid(),
               thread, first + i);
      files[i] = names[thread][i];
    }
    if (RmxRegisterResources(session, kBatch, files, 0, NULL, 0, NULL) != ERROR_SUCCESS)
      return NULL;
  }
  return names;
}

static void BeInstaller(int say, int go) {
  pthread_t threads[kEach];
  char word = 'r';
  for (size_t i = 0; i < kEach; ++i) pthread_create(&threads[i], NULL, RegisterAll, (void *)i);
  for (size_t i = 0; i < kEach; ++i) {
    void *done = NULL;
    pthread_join(threads[i], &done);
    if (!done) {
      printf("%s\n", RmxGetErrorText());
      _exit(1);
    }
  }
  (void)!write(say, &word, 1);
  (void)!read(go, &word, 1);
  _exit(0);
}

static void SixtyFourSessionsInEightProcessesLoseNothing(void) {
  pid_t pids[kProcesses];
  int said[2], go[2], ready = 0;
  char word;
  CHECK(pipe2(said, O_CLOEXEC) == 0 && pipe2(go, O_CLOEXEC) == 0);
  fflush(stdout);
  for (int i = 0; i < kProcesses; ++i) {
    pids[i] = fork();
    if (pids[i] != 0) continue;
    close(said[0]), close(go[1]);
    BeInstaller(said[1], go[0]);
  }
  close(said[1]), close(go[0]);
  while (ready < kProcesses && read(said[0], &word, 1) == 1) ++ready;
  CHECK_EQ(ready, kProcesses);
  RMX_SESSION_LIST *list = NULL;
  CHECK_EQ(RmxGetSessions(&list), ERROR_SUCCESS);
  CHECK_EQ(list->nSessions, kProcesses * kEach);
  for (UINT i = 0; i < list->nSessions; ++i) {
    CHECK_EQ(list->rgSessions[i].nFiles, kFiles);
    CHECK(list->rgSessions[i].bOwnerAlive);
  }
  RmxFree(list);
  close(go[1]), close(said[0]);
  for (int i = 0; i < kProcesses; ++i) {
    int status = -1;
    waitpid(pids[i], &status, 0);
    CHECK_EQ(status, 0);
  }
}

/* Start, register, list, end, as often as possible; the limit is the usual one. */
static int Hurry(void) {
  enum { kTurns = 30 };
  for (int i = 0; i < kTurns; ++i) {
    DWORD session = 0, reasons = 0;
    UINT needed = 0, count = 0;
    WCHAR key[33];
    if (RmStartSession(&session, 0, key) != ERROR_SUCCESS) return 1;
    if (RegisterFile(session, "/not/there") != ERROR_SUCCESS) return 2;
    if (RmAddFilter(session, u"/bin/x", NULL, NULL, RmNoRestart) != ERROR_SUCCESS) return 3;
    if (RmGetList(session, &needed, &count, NULL, &reasons) != ERROR_SUCCESS) return 4;
    if (RmShutdown(session, 0, NULL) != ERROR_SUCCESS) return 5;
    if (RmRestart(session, 0, NULL) != ERROR_SUCCESS) return 6;
    if (RmEndSession(session) != ERROR_SUCCESS) return 7;
  }
  return 0;
}

static void TenProcessesAtOnceNeverWaitInVain(void) {
  pid_t pids[10];
  fflush(stdout);
  for (size_t i = 0; i < COUNT(pids); ++i) {
    pids[i] = fork();
    if (pids[i] != 0) continue;
    const int trouble = Hurry();
    if (trouble) printf("%s\n", RmxGetErrorText());
    fflush(stdout);
    _exit(trouble);
  }
  for (size_t i = 0; i < COUNT(pids); ++i) {
    int status = -1;
    waitpid(pids[i], &status, 0);
    CHECK_EQ(status, 0);
  }
}

/* Threads last: a program that has had some cannot be forked under ThreadSanitizer. */
static const struct Test kTests[] = {
    {"SixtyFourSessionsInEightProcessesLoseNothing", SixtyFourSessionsInEightProcessesLoseNothing},
    {"TenProcessesAtOnceNeverWaitInVain", TenProcessesAtOnceNeverWaitInVain},
    {"SixteenThreadsOverEightSessions", SixteenThreadsOverEightSessions},
    {NULL, NULL}};

static int RunAll(void) {
  RunTests(kTests);
  return Sum();
}

int main(void) { return RunApart(RunAll); }
