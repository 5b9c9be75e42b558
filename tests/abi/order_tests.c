/* When several things are wrong, which one is told? Pointers and flags, then the handle, then the
 * role, then the sequence. */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "check.h"
#include "world.h"

enum { kNoHandle = 63 };

static void WhatIsPassedComesBeforeTheHandle(void) {
  UINT needed = 7, count = 0;
  DWORD reasons = 7, size = 7;
  LPCWSTR names[] = {NULL};
  RM_UNIQUE_PROCESS nobody = {0};
  CHECK_EQ(RmRegisterResources(kNoHandle, 1, NULL, 0, NULL, 0, NULL), ERROR_BAD_ARGUMENTS);
  CHECK_EQ(RmRegisterResources(kNoHandle, 1, names, 0, NULL, 0, NULL), ERROR_BAD_ARGUMENTS);
  CHECK_EQ(RmRegisterResources(kNoHandle, 0, NULL, 0, NULL, 1, names), ERROR_BAD_ARGUMENTS);
  CHECK_EQ(RmGetList(kNoHandle, NULL, &count, NULL, &reasons), ERROR_BAD_ARGUMENTS);
  CHECK_EQ(RmGetList(kNoHandle, &needed, NULL, NULL, &reasons), ERROR_BAD_ARGUMENTS);
  CHECK_EQ(RmGetList(kNoHandle, &needed, &count, NULL, NULL), ERROR_BAD_ARGUMENTS);
  CHECK_EQ(RmShutdown(kNoHandle, 0x4, NULL), ERROR_BAD_ARGUMENTS);
  CHECK_EQ(RmRestart(kNoHandle, 1, NULL), ERROR_BAD_ARGUMENTS);
  CHECK_EQ(RmAddFilter(kNoHandle, NULL, NULL, NULL, RmNoRestart), ERROR_BAD_ARGUMENTS);
  CHECK_EQ(RmAddFilter(kNoHandle, NULL, &nobody, NULL, RmInvalidFilterAction), ERROR_BAD_ARGUMENTS);
  CHECK_EQ(RmRemoveFilter(kNoHandle, NULL, &nobody, u"x"), ERROR_BAD_ARGUMENTS);
  CHECK_EQ(RmGetFilterList(kNoHandle, NULL, 0, NULL), ERROR_MORE_DATA);
  CHECK_EQ(RmGetFilterList(kNoHandle, NULL, 1, &size), ERROR_BAD_ARGUMENTS);
  CHECK_EQ(needed + reasons + size, 21);
  CHECK_EQ(count, 0);
}

static void TheRoleComesBeforeTheSequenceAndAfterWhatIsPassed(void) {
  DWORD primary, joined;
  WCHAR key[33];
  UINT count = 0;
  DWORD reasons = 7;
  CHECK_EQ(RmStartSession(&primary, 0, key), ERROR_SUCCESS);
  CHECK_EQ(RmJoinSession(&joined, key), ERROR_SUCCESS);
  CHECK_EQ(RmRestart(joined, 0, NULL), ERROR_SESSION_CREDENTIAL_CONFLICT);
  CHECK_EQ(RmRestart(joined, 1, NULL), ERROR_BAD_ARGUMENTS);
  CHECK_EQ(RmShutdown(joined, 0x2, NULL), ERROR_BAD_ARGUMENTS);
  CHECK_EQ(RmGetList(joined, NULL, &count, NULL, &reasons), ERROR_BAD_ARGUMENTS);
  CHECK_EQ(RmAddFilter(joined, NULL, NULL, NULL, RmNoRestart), ERROR_BAD_ARGUMENTS);
  CHECK_EQ(RmRemoveFilter(joined, u"/not/there", NULL, NULL), ERROR_SESSION_CREDENTIAL_CONFLICT);
  CHECK_EQ(RmGetFilterList(joined, NULL, 0, NULL), ERROR_MORE_DATA);
  CHECK_EQ(RmRestart(primary, 0, NULL), ERROR_REQUEST_OUT_OF_SEQUENCE);
  CHECK_EQ(RmEndSession(joined), ERROR_SUCCESS);
  CHECK_EQ(RmEndSession(primary), ERROR_SUCCESS);
}

/* The session may be ended behind a handle: by its key, from elsewhere. */
static void AHandleWhoseSessionWasEndedElsewhereIsInvalid(void) {
  DWORD session, same, joined;
  char key[33];
  UINT needed = 7, count = 0;
  DWORD reasons = 7, size = 7;
  CHECK_EQ(RmxStartSession(&session, NULL, key), ERROR_SUCCESS);
  CHECK_EQ(RmxOpenSession(&same, key), ERROR_SUCCESS);
  CHECK_EQ(RmJoinSession(&joined, Wide(key)), ERROR_SUCCESS);
  CHECK_EQ(RmEndSession(same), ERROR_SUCCESS);
  CHECK_EQ(RegisterFile(session, "/not/there"), ERROR_INVALID_HANDLE);
  CHECK_EQ(RegisterFile(joined, "/not/there"), ERROR_INVALID_HANDLE);
  CHECK_EQ(RmGetList(session, &needed, &count, NULL, &reasons), ERROR_INVALID_HANDLE);
  CHECK_EQ(RmShutdown(session, 0, NULL), ERROR_INVALID_HANDLE);
  CHECK_EQ(RmRestart(session, 0, NULL), ERROR_INVALID_HANDLE);
  CHECK_EQ(RmAddFilter(session, u"/bin/x", NULL, NULL, RmNoRestart), ERROR_INVALID_HANDLE);
  CHECK_EQ(RmRemoveFilter(session, u"/bin/x", NULL, NULL), ERROR_INVALID_HANDLE);
  CHECK_EQ(RmGetFilterList(session, NULL, 0, &size), ERROR_INVALID_HANDLE);
  CHECK_EQ(needed + reasons + size, 21);
  CHECK_EQ(RmEndSession(session), ERROR_INVALID_HANDLE);
  CHECK_EQ(RmEndSession(joined), ERROR_SUCCESS);
  CHECK_EQ(RmCancelCurrentTask(session), ERROR_INVALID_HANDLE);
}

static int Joins(void *key) {
  DWORD session = 7;
  if (RmJoinSession(&session, Wide(key)) != ERROR_SESSION_CREDENTIAL_CONFLICT) return 1;
  return session == 7 ? 0 : 2;
}

static void TheKeyOfAnotherUsersSessionIsNone(void) {
  DWORD session;
  char key[33];
  CHECK_EQ(RmxStartSession(&session, NULL, key), ERROR_SUCCESS);
  const int status = RunAsNobody(Joins, key);
  if (status < 0)
    Skip("root, to become another user");
  else
    CHECK_EQ(status, 0);
  CHECK_EQ(RmEndSession(session), ERROR_SUCCESS);
}

/* The loop that Microsoft's documentation shows, while one more comes at each turn. */
static void TheListGrowsBetweenTheCallsAndTheLoopEnds(void) {
  enum { kMore = 3 };
  if (!ChildrenAreAppsOfTheirOwn()) return;
  const char *path = NewFile("library");
  StartHolder(path, kLeaves);
  const DWORD session = SessionWith(path);
  RM_PROCESS_INFO *apps = NULL;
  UINT needed = 0, count = 0;
  DWORD reasons = 7, code;
  int turns = 0;
  while ((code = RmGetList(session, &needed, &count, apps, &reasons)) == ERROR_MORE_DATA) {
    CHECK_EQ(needed, turns + 1);
    CHECK_EQ(count, turns);
    CHECK_EQ(reasons, RmRebootReasonNone);
    free(apps);
    apps = calloc(needed, sizeof *apps);
    count = needed;
    if (++turns <= kMore) StartHolder(path, kLeaves);
    if (turns > kMore + 1) break;
  }
  CHECK_EQ(code, ERROR_SUCCESS);
  CHECK_EQ(needed, kMore + 1);
  CHECK_EQ(count, needed);
  for (UINT i = 1; i < count; ++i)
    CHECK(apps[i].Process.dwProcessId > apps[i - 1].Process.dwProcessId);
  free(apps);
  CHECK_EQ(RmEndSession(session), ERROR_SUCCESS);
}

struct Canceller {
  DWORD session;
  int stop;
};

static void *CancelUntilTold(void *argument) {
  struct Canceller *canceller = argument;
  while (!__atomic_load_n(&canceller->stop, __ATOMIC_SEQ_CST))
    RmCancelCurrentTask(canceller->session);
  return NULL;
}

/* Which of many lists is hit does not matter: one will be. */
static void AListThatIsCancelledInTheMiddleSaysSo(void) {
  const char *path = NewFile("library");
  StartHolder(path, kLeaves);
  struct Canceller canceller = {SessionWith(path), 0};
  pthread_t thread;
  CHECK_EQ(pthread_create(&thread, NULL, CancelUntilTold, &canceller), 0);
  struct Listed list;
  do {
    list.count = 7;
    UINT needed = 7, count = 0;
    DWORD reasons = 7;
    list.code = RmGetList(canceller.session, &needed, &count, NULL, &reasons);
    if (list.code == ERROR_CANCELLED) CHECK_EQ(needed + reasons + count, 14);
  } while (list.code == ERROR_MORE_DATA);
  CHECK_EQ(list.code, ERROR_CANCELLED);
  __atomic_store_n(&canceller.stop, 1, __ATOMIC_SEQ_CST);
  pthread_join(thread, NULL);
  CHECK_EQ(List(canceller.session).code, ERROR_SUCCESS);
  CHECK_EQ(RmEndSession(canceller.session), ERROR_SUCCESS);
}

static void *EndWhenItWasAsked(void *argument) {
  const struct Child *child = ((void **)argument)[0];
  const DWORD session = *(DWORD *)((void **)argument)[1];
  AwaitWord(child, 't');
  CHECK_EQ(RmEndSession(session), ERROR_SUCCESS);
  CHECK_EQ(RmEndSession(session), ERROR_INVALID_HANDLE);
  return NULL;
}

static void EndingWhileAnotherThreadStopsCancelsAndWaits(void) {
  if (!ChildrenAreAppsOfTheirOwn()) return;
  const char *path = NewFile("library");
  struct Child *child = StartHolder(path, kStays);
  DWORD session = SessionWith(path);
  void *argument[] = {child, &session};
  pthread_t thread;
  CHECK_EQ(pthread_create(&thread, NULL, EndWhenItWasAsked, argument), 0);
  CHECK_EQ(RmShutdown(session, RmForceShutdown, NULL), ERROR_CANCELLED);
  CHECK_EQ(pthread_join(thread, NULL), 0);
  CHECK(IsAlive(child));
  CHECK_EQ(RmRestart(session, 0, NULL), ERROR_INVALID_HANDLE);
}

const struct Test kOrderTests[] = {
    {"WhatIsPassedComesBeforeTheHandle", WhatIsPassedComesBeforeTheHandle},
    {"TheRoleComesBeforeTheSequenceAndAfterWhatIsPassed",
     TheRoleComesBeforeTheSequenceAndAfterWhatIsPassed},
    {"AHandleWhoseSessionWasEndedElsewhereIsInvalid",
     AHandleWhoseSessionWasEndedElsewhereIsInvalid},
    {"TheKeyOfAnotherUsersSessionIsNone", TheKeyOfAnotherUsersSessionIsNone},
    {"TheListGrowsBetweenTheCallsAndTheLoopEnds", TheListGrowsBetweenTheCallsAndTheLoopEnds},
    {"AListThatIsCancelledInTheMiddleSaysSo", AListThatIsCancelledInTheMiddleSaysSo},
    {"EndingWhileAnotherThreadStopsCancelsAndWaits", EndingWhileAnotherThreadStopsCancelsAndWaits},
    {NULL, NULL},
};
