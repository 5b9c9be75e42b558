/* What if there is no memory for the Nth allocation of a call, for every N? 14 or success; no
 * crash, nothing leaked, nothing that was registered lost. This program's malloc is the library's.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"
#include "programs.h"
#include "world.h"

/* --- memory ----------------------------------------------------------------------------------- */

extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *old, size_t size);
extern void *__libc_memalign(size_t alignment, size_t size);
extern void __libc_free(void *block);

static atomic_long live;      /* blocks */
static atomic_long made;      /* since Arm */
static atomic_long fails_at;  /* 0: none fails */
static atomic_int fails_from; /* also all that follow */

static int Fails(void) {
  const long at = atomic_load(&fails_at);
  if (at == 0) return 0;
  const long now = atomic_fetch_add(&made, 1) + 1;
  return now == at || (atomic_load(&fails_from) && now > at);
}

static void *Count(void *block) {
  if (block) atomic_fetch_add(&live, 1);
  return block;
}

static void *None(void) {
  errno = ENOMEM;
  return NULL;
}

void *malloc(size_t size) { return Fails() ? None() : Count(__libc_malloc(size)); }
void *calloc(size_t count, size_t size) {
  return Fails() ? None() : Count(__libc_calloc(count, size));
}
void *realloc(void *old, size_t size) {
  if (Fails()) return None();
  void *block = __libc_realloc(old, size);
  return old ? block : Count(block);
}
void *memalign(size_t alignment, size_t size) {
  return Fails() ? None() : Count(__libc_memalign(alignment, size));
}
void *aligned_alloc(size_t alignment, size_t size) { return memalign(alignment, size); }
int posix_memalign(void **block, size_t alignment, size_t size) {
  *block = memalign(alignment, size);
  return *block ? 0 : ENOMEM;
}
void free(void *block) {
  if (block) atomic_fetch_sub(&live, 1);
  __libc_free(block);
}

static void Arm(long at, int all_that_follow) {
  atomic_store(&made, 0);
  atomic_store(&fails_from, all_that_follow);
  atomic_store(&fails_at, at);
}

static long Disarm(void) {
  atomic_store(&fails_at, 0);
  return atomic_load(&made);
}

/* --- one call, every allocation ----------------------------------------------------------------
 */

struct Call {
  void (*before)(void);
  DWORD (*call)(void);
  void (*after)(DWORD code);
  long most; /* tries in each mode unless RM_CRASH_ALL is set; if there are more allocations,
                spread over them. 0: all */
};

static void Once(const struct Call *call, long at, int all_that_follow, long *allocations) {
  call->before();
  Arm(at, all_that_follow);
  const DWORD code = call->call();
  *allocations = Disarm();
  if (code != ERROR_SUCCESS && code != ERROR_OUTOFMEMORY)
    printf("allocation %ld%s: %u, %s\n", at, all_that_follow ? " and all that follow" : "",
           (unsigned)code, RmxGetErrorText());
  CHECK(code == ERROR_SUCCESS || code == ERROR_OUTOFMEMORY);
  if (code != ERROR_SUCCESS) CHECK(strlen(RmxGetErrorText()) > 0);
  if (*allocations < at) CHECK_EQ(code, ERROR_SUCCESS);
  call->after(code);
}

static void AtEveryAllocation(const struct Call *call) {
  enum { kNever = 1000000000, kSlack = 64 };
  long allocations = 0, tries = 0;
  Once(call, kNever, 0, &allocations);
  Once(call, kNever, 0, &allocations);
  const long before = atomic_load(&live);
  const int some = call->most && allocations > call->most && !getenv("RM_CRASH_ALL");
  const long step = some ? allocations / call->most + 1 : 1;
  for (int all_that_follow = 0; all_that_follow < 2; ++all_that_follow) {
    long now = 0;
    for (long at = 1; FailedChecks() < 20; at += step, ++tries) {
      Once(call, at, all_that_follow, &now);
      if (now < at) break;
    }
  }
  Once(call, kNever, 0, &allocations);
  const long leaked = atomic_load(&live) - before;
  printf("%ld allocations, %ld times without memory\n", allocations, tries);
  if (leaked >= kSlack) printf("%ld blocks are left\n", leaked);
  CHECK(leaked < kSlack);
}

/* --- the calls ---------------------------------------------------------------------------------
 */

static DWORD session, joined;
static WCHAR key[33];
static const char *path;
static struct Child *holder;

static RMX_SESSION Only(UINT count) {
  RMX_SESSION first = {0};
  RMX_SESSION_LIST *sessions = NULL;
  CHECK_EQ(RmxGetSessions(&sessions), ERROR_SUCCESS);
  CHECK_EQ(sessions->nSessions, count);
  if (sessions->nSessions != 0) first = sessions->rgSessions[0];
  RmxFree(sessions);
  return first;
}

static void Nothing(void) { session = joined = 77; }
static void Primary(void) {
  CHECK_EQ(RmStartSession(&session, 0, key), ERROR_SUCCESS);
  CHECK_EQ(RegisterFile(session, path), ERROR_SUCCESS);
}
static void End(void) { CHECK_EQ(RmEndSession(session), ERROR_SUCCESS); }

static DWORD CallStart(void) { return RmStartSession(&session, 0, key); }
static void Started(DWORD code) {
  if (code == ERROR_SUCCESS) End();
  CHECK(code == ERROR_SUCCESS || session == 77);
  Only(0);
}
static void Starting(void) { AtEveryAllocation(&(struct Call){Nothing, CallStart, Started, 0}); }

static DWORD CallJoin(void) { return RmJoinSession(&joined, key); }
static void Joined(DWORD code) {
  if (code == ERROR_SUCCESS) CHECK_EQ(RmEndSession(joined), ERROR_SUCCESS);
  CHECK(code == ERROR_SUCCESS || joined == 77);
  End();
}
static void Join(void) {
  Nothing();
  Primary();
}
static void Joining(void) { AtEveryAllocation(&(struct Call){Join, CallJoin, Joined, 0}); }

static DWORD CallEnd(void) { return RmEndSession(session); }
static void Ended(DWORD code) {
  const DWORD again = RmEndSession(session);
  CHECK_EQ(again, code == ERROR_SUCCESS ? ERROR_INVALID_HANDLE : ERROR_SUCCESS);
  Only(0);
}
static void Ending(void) { AtEveryAllocation(&(struct Call){Primary, CallEnd, Ended, 0}); }

static DWORD CallRegister(void) {
  static const WCHAR kFirst[] = u"/not/there/\u00E9", kSecond[] = u"/usr/bin/env";
  LPCWSTR files[] = {kFirst, kSecond}, services[] = {u"no-such"};
  RM_UNIQUE_PROCESS processes[] = {holder->id};
  return RmRegisterResources(session, 2, files, 1, processes, 1, services);
}
static void Registered(DWORD code) {
  const RMX_SESSION now = Only(1);
  const UINT added = code == ERROR_SUCCESS;
  CHECK_EQ(now.nFiles, 1 + 2 * added);
  CHECK_EQ(now.nProcesses, added);
  CHECK_EQ(now.nServices, added);
  End();
}
static void Registering(void) {
  AtEveryAllocation(&(struct Call){Primary, CallRegister, Registered, 0});
}

static RM_PROCESS_INFO apps[LISTED_MAX];
static UINT needed, count;
static DWORD reasons;

static DWORD CallList(void) {
  needed = reasons = 77, count = LISTED_MAX;
  return RmGetList(session, &needed, &count, apps, &reasons);
}
static void Listed(DWORD code) {
  if (code == ERROR_SUCCESS)
    CHECK(needed == 1 && count == 1 && apps[0].Process.dwProcessId == (DWORD)holder->pid);
  else
    CHECK(needed == 77 && reasons == 77 && count == LISTED_MAX);
  CHECK_EQ(CallList(), ERROR_SUCCESS);
  CHECK_EQ(count, 1);
  End();
}
static void Listing(void) { AtEveryAllocation(&(struct Call){Primary, CallList, Listed, 200}); }

static void ToStop(void) {
  if (!IsAlive(holder)) {
    EndChild(holder);
    LeaveNobody();
    holder = StartHolder(path, kLeaves);
  }
  Primary();
}
static DWORD CallShutdown(void) { return RmShutdown(session, 0, NULL); }
static void ShutDown(DWORD code) {
  CHECK(code != ERROR_SUCCESS || !IsAlive(holder));
  CHECK_EQ(RmShutdown(session, 0, NULL), ERROR_SUCCESS);
  CHECK(!IsAlive(holder));
  End();
}
static void ShuttingDown(void) {
  AtEveryAllocation(&(struct Call){ToStop, CallShutdown, ShutDown, 100});
}

static char program[512];

/* Started by RmRestart, and by the next one if it had no memory: once. */
static void ToRestart(void) {
  char *const nap[] = {"sleeper", "1000000", NULL};
  const pid_t sleeper = StartProgram(program, nap, STDIN_FILENO, -1);
  CHECK(HasExeced(sleeper, program));
  session = SessionWith(program);
  CHECK_EQ(RmxSetOption(session, RmxOptionRelaunch, 1), ERROR_SUCCESS);
  CHECK_EQ(RmShutdown(session, 0, NULL), ERROR_SUCCESS);
  EndAndAwait(sleeper);
  waitpid(sleeper, NULL, 0);
}
static DWORD CallRestart(void) { return RmRestart(session, 0, NULL); }
static void Restarted(DWORD code) {
  if (code != ERROR_SUCCESS) CHECK_EQ(RmRestart(session, 0, NULL), ERROR_SUCCESS);
  const struct Listed list = List(session);
  CHECK_EQ(CountWith(&list, RmStatusRunning), 1);
  for (UINT i = 0; i < list.count; ++i)
    if (list.apps[i].AppStatus & RmStatusRunning)
      EndAndAwait((pid_t)list.apps[i].Process.dwProcessId);
  End();
}
static void RestartingWithoutMemory(void) {
  if (!ChildrenAreAppsOfTheirOwn()) return;
  CopyOf("/bin/sleep", "sleeper", program);
  AtEveryAllocation(&(struct Call){ToRestart, CallRestart, Restarted, 80});
}

static const WCHAR kFilter[] = u"/bin/a-program-that-takes-more-than-a-short-string";

static DWORD FilterBytes(void) {
  DWORD bytes = 0;
  const DWORD code = RmGetFilterList(session, NULL, 0, &bytes);
  CHECK(code == ERROR_SUCCESS || code == ERROR_MORE_DATA);
  return bytes;
}
static void WithFilter(void) {
  Primary();
  CHECK_EQ(RmAddFilter(session, kFilter, NULL, NULL, RmNoRestart), ERROR_SUCCESS);
}

static DWORD CallAdd(void) { return RmAddFilter(session, kFilter, NULL, NULL, RmNoRestart); }
static void Added(DWORD code) {
  CHECK_EQ(FilterBytes() != 0, code == ERROR_SUCCESS);
  End();
}
static void AddingAFilter(void) { AtEveryAllocation(&(struct Call){Primary, CallAdd, Added, 0}); }

static DWORD CallRemove(void) { return RmRemoveFilter(session, kFilter, NULL, NULL); }
static void Removed(DWORD code) {
  CHECK_EQ(FilterBytes() == 0, code == ERROR_SUCCESS);
  End();
}
static void RemovingAFilter(void) {
  AtEveryAllocation(&(struct Call){WithFilter, CallRemove, Removed, 0});
}

static DWORD CallFilters(void) {
  static RM_FILTER_INFO filters[16];
  DWORD bytes = 0;
  return RmGetFilterList(session, (PBYTE)filters, sizeof filters, &bytes);
}
static void Filtered(DWORD code) {
  (void)code;
  CHECK(FilterBytes() != 0);
  End();
}
static void ListingFilters(void) {
  AtEveryAllocation(&(struct Call){WithFilter, CallFilters, Filtered, 0});
}

static DWORD CallCancel(void) { return RmCancelCurrentTask(session); }
static void Cancelled(DWORD code) {
  (void)code;
  End();
}
static void Cancelling(void) {
  AtEveryAllocation(&(struct Call){Primary, CallCancel, Cancelled, 0});
}

#define WITH_A_HOLDER(Name)                  \
  static void Name##WithoutMemory(void) {    \
    path = strdup(NewFile("library"));       \
    holder = StartHolder(path, kLeaves);     \
    if (ChildrenAreAppsOfTheirOwn()) Name(); \
    free((void *)path);                      \
  }
WITH_A_HOLDER(Starting)
WITH_A_HOLDER(Joining)
WITH_A_HOLDER(Ending)
WITH_A_HOLDER(Registering)
WITH_A_HOLDER(Listing)
WITH_A_HOLDER(ShuttingDown)
WITH_A_HOLDER(AddingAFilter)
WITH_A_HOLDER(RemovingAFilter)
WITH_A_HOLDER(ListingFilters)
WITH_A_HOLDER(Cancelling)

static const struct Test kTests[] = {{"StartingWithoutMemory", StartingWithoutMemory},
                                     {"JoiningWithoutMemory", JoiningWithoutMemory},
                                     {"EndingWithoutMemory", EndingWithoutMemory},
                                     {"RegisteringWithoutMemory", RegisteringWithoutMemory},
                                     {"ListingWithoutMemory", ListingWithoutMemory},
                                     {"ShuttingDownWithoutMemory", ShuttingDownWithoutMemory},
                                     {"RestartingWithoutMemory", RestartingWithoutMemory},
                                     {"AddingAFilterWithoutMemory", AddingAFilterWithoutMemory},
                                     {"RemovingAFilterWithoutMemory", RemovingAFilterWithoutMemory},
                                     {"ListingFiltersWithoutMemory", ListingFiltersWithoutMemory},
                                     {"CancellingWithoutMemory", CancellingWithoutMemory},
                                     {NULL, NULL}};

static int RunAll(void) {
  RunTests(kTests);
  return Sum();
}

int main(void) { return RunApart(RunAll); }
