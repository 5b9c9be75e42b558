#define _GNU_SOURCE
#include <pthread.h>
#include <string.h>

#include "check.h"
#include "world.h"

enum { kCallsMax = 128 };
static UINT percents[kCallsMax];
static size_t percent_count;

static void Told(UINT percent) {
  if (percent_count < kCallsMax) percents[percent_count++] = percent;
}

/* Strictly rising, from 0 or 100, within 0..100. */
static void CheckRising(void) {
  CHECK(percent_count > 0);
  for (size_t i = 1; i < percent_count; ++i) CHECK(percents[i] > percents[i - 1]);
  CHECK(percent_count == 0 || percents[percent_count - 1] <= 100);
}

static void NothingToDoIsASingleHundred(void) {
  const DWORD session = SessionWith("/not/there");
  percent_count = 0;
  CHECK_EQ(RmShutdown(session, 0, Told), ERROR_SUCCESS);
  CHECK_EQ(percent_count, 1);
  CHECK_EQ(percents[0], 100);
  percent_count = 0;
  CHECK_EQ(RmRestart(session, 0, Told), ERROR_SUCCESS);
  CHECK_EQ(percent_count, 1);
  CHECK_EQ(percents[0], 100);
  CHECK_EQ(RmEndSession(session), ERROR_SUCCESS);
}

static DWORD telling, answers[4];

static void AskBack(UINT percent) {
  (void)percent;
  UINT needed = 0, count = 0;
  DWORD reasons = 0;
  answers[0] = RmGetList(telling, &needed, &count, NULL, &reasons);
  answers[1] = RmEndSession(telling);
  answers[2] = RmxSetObserver(telling, NULL, NULL);
  answers[3] = RmCancelCurrentTask(telling);
}

/* Only another one than the function itself could let it go on. */
static void AStatusFunctionThatWouldWaitForItselfIsToldSo(void) {
  telling = SessionWith("/not/there");
  CHECK_EQ(RmShutdown(telling, 0, AskBack), ERROR_SUCCESS);
  for (int i = 0; i < 3; ++i) CHECK_EQ(answers[i], ERROR_SEM_TIMEOUT);
  CHECK_EQ(answers[3], ERROR_SUCCESS);
  CHECK_EQ(RmEndSession(telling), ERROR_SUCCESS);
}

static void UnknownFlagsAreBadArguments(void) {
  const DWORD session = SessionWith("/not/there");
  CHECK_EQ(RmShutdown(session, 0x2, NULL), ERROR_BAD_ARGUMENTS);
  CHECK_EQ(RmShutdown(session, 0x80000001, NULL), ERROR_BAD_ARGUMENTS);
  CHECK_EQ(RmRestart(session, 1, NULL), ERROR_BAD_ARGUMENTS);
  CHECK_EQ(RmRestart(session, 0, NULL), ERROR_REQUEST_OUT_OF_SEQUENCE);
  CHECK_EQ(RmShutdown(session, 0x11, NULL), ERROR_SUCCESS);
  CHECK_EQ(RmEndSession(session), ERROR_SUCCESS);
}

static void RestartingFirstIsOutOfSequence(void) {
  const DWORD session = SessionWith("/not/there");
  CHECK_EQ(RmRestart(session, 0, NULL), ERROR_REQUEST_OUT_OF_SEQUENCE);
  CHECK_EQ(RmShutdown(session, 0, NULL), ERROR_SUCCESS);
  CHECK_EQ(RmRestart(session, 0, NULL), ERROR_SUCCESS);
  CHECK_EQ(RmRestart(session, 0, NULL), ERROR_SUCCESS);
  CHECK_EQ(RmEndSession(session), ERROR_SUCCESS);
}

static void OptionsAreChecked(void) {
  const DWORD session = SessionWith("/not/there");
  CHECK_EQ(RmxSetOption(session, RmxOptionRelaunch, 2), ERROR_BAD_ARGUMENTS);
  CHECK_EQ(RmxSetOption(session, RmxOptionAppTimeout, UINT64_MAX), ERROR_BAD_ARGUMENTS);
  CHECK_EQ(RmxSetOption(session, (RMX_OPTION)99, 0), ERROR_BAD_ARGUMENTS);
  CHECK_EQ(RmxSetOption(session, RmxOptionServiceTimeout, 1), ERROR_SUCCESS);
  CHECK_EQ(RmxSetOption(session, RmxOptionRestartTimeout, 1), ERROR_SUCCESS);
  CHECK_EQ(RmxSetOption(session, RmxOptionLockTimeout, 1000), ERROR_SUCCESS);
  CHECK_EQ(List(session).code, ERROR_SUCCESS);
  CHECK_EQ(RmEndSession(session), ERROR_SUCCESS);
}

static RMX_EVENT_KIND kinds[kCallsMax];
static size_t kind_count;

static void Observe(const RMX_EVENT *event, void *context) {
  CHECK(context == kinds);
  CHECK_EQ(event->cbSize, sizeof *event);
  CHECK(event->szName && event->szUnit && event->szText);
  if (kind_count < kCallsMax) kinds[kind_count++] = event->Kind;
}

static void AHolderIsStoppedAndNotBroughtBackUnasked(void) {
  if (!ChildrenAreAppsOfTheirOwn()) return;
  const char *path = NewFile("library");
  struct Child *one = StartHolder(path, kLeaves), *two = StartHolder(path, kLeaves);
  struct Child *other = StartHolder(NewFile("other"), kLeaves);
  NewFile("library");
  const DWORD session = SessionWith(path);
  CHECK_EQ(RmxSetObserver(session, Observe, kinds), ERROR_SUCCESS);
  percent_count = kind_count = 0;
  CHECK_EQ(RmShutdown(session, 0, Told), ERROR_SUCCESS);
  CHECK(!IsAlive(one) && !IsAlive(two) && IsAlive(other));
  CheckRising();
  CHECK_EQ(percents[0], 0);
  CHECK_EQ(percents[percent_count - 1], 100);
  CHECK_EQ(kind_count, 4);
  CHECK_EQ(kinds[0], RmxEventStopping);
  CHECK_EQ(kinds[3], RmxEventStopped);
  CHECK_EQ(StatusOf(session, one), RmStatusStopped);
  CHECK_EQ(StatusOf(session, two), RmStatusStopped);
  kind_count = 0;
  CHECK_EQ(RmRestart(session, 0, Told), ERROR_SUCCESS);
  CHECK_EQ(kind_count, 2);
  CHECK_EQ(kinds[0], RmxEventNotRestarted);
  CHECK_EQ(StatusOf(session, one), RmStatusStopped);
  CHECK_EQ(List(session).count, 2);
  CHECK_EQ(RmEndSession(session), ERROR_SUCCESS);
}

static void WhoDoesNotLeaveFailsAndForceEndsIt(void) {
  if (!ChildrenAreAppsOfTheirOwn()) return;
  const char *path = NewFile("library");
  struct Child *child = StartHolder(path, kStays);
  const DWORD session = SessionWith(path);
  CHECK_EQ(RmxSetOption(session, RmxOptionAppTimeout, 50), ERROR_SUCCESS);
  percent_count = 0;
  CHECK_EQ(RmShutdown(session, 0, Told), ERROR_FAIL_SHUTDOWN);
  AwaitWord(child, 't');
  CHECK(IsAlive(child));
  CHECK_EQ(percents[percent_count - 1], 0);
  CHECK(strstr(RmxGetErrorText(), "abi_test") != NULL);
  CHECK_EQ(StatusOf(session, child), RmStatusRunning | RmStatusErrorOnStop);
  CHECK_EQ(RmShutdown(session, RmForceShutdown, NULL), ERROR_SUCCESS);
  CHECK(!IsAlive(child));
  CHECK_EQ(StatusOf(session, child), RmStatusStopped);
  CHECK_EQ(RmEndSession(session), ERROR_SUCCESS);
}

static void WhoCannotBeAskedStopsNobodyWithoutForce(void) {
  if (!ChildrenAreAppsOfTheirOwn()) return;
  const char *path = NewFile("library");
  struct Child *deaf = StartHolder(path, kIgnores), *polite = StartHolder(path, kLeaves);
  const DWORD session = SessionWith(path);
  CHECK_EQ(RmxSetOption(session, RmxOptionAppTimeout, 50), ERROR_SUCCESS);
  CHECK_EQ(RmShutdown(session, 0, NULL), ERROR_FAIL_SHUTDOWN);
  CHECK(IsAlive(deaf) && IsAlive(polite));
  RMX_PLAN *plan = NULL;
  CHECK_EQ(RmxGetPlan(session, 0, &plan), ERROR_SUCCESS);
  CHECK_EQ(plan->dwRefusal, ERROR_FAIL_SHUTDOWN);
  CHECK(strlen(plan->szWhyRefused) > 0);
  CHECK_EQ(plan->nSteps, 2);
  RmxFree(plan);
  CHECK_EQ(RmxGetPlan(session, RmForceShutdown, &plan), ERROR_SUCCESS);
  CHECK_EQ(plan->dwRefusal, 0);
  RmxFree(plan);
  CHECK_EQ(RmShutdown(session, RmForceShutdown, NULL), ERROR_SUCCESS);
  CHECK(!IsAlive(deaf) && !IsAlive(polite));
  CHECK_EQ(RmEndSession(session), ERROR_SUCCESS);
}

static void OnlyRegisteredStopsNobodyWhoStaysDown(void) {
  if (!ChildrenAreAppsOfTheirOwn()) return;
  const char *path = NewFile("library");
  struct Child *child = StartHolder(path, kLeaves);
  const DWORD session = SessionWith(path);
  CHECK_EQ(RmShutdown(session, RmShutdownOnlyRegistered, NULL), ERROR_FAIL_SHUTDOWN);
  CHECK_EQ(RmShutdown(session, RmShutdownOnlyRegistered | RmForceShutdown, NULL),
           ERROR_FAIL_SHUTDOWN);
  CHECK(IsAlive(child));
  CHECK_EQ(StatusOf(session, child), RmStatusRunning);
  CHECK_EQ(RmEndSession(session), ERROR_SUCCESS);
}

struct Cancel {
  DWORD session;
  struct Child *child;
};

static void *CancelWhenItWasAsked(void *argument) {
  const struct Cancel *cancel = argument;
  AwaitWord(cancel->child, 't');
  CHECK_EQ(RmCancelCurrentTask(cancel->session), ERROR_SUCCESS);
  return NULL;
}

static void CancelledFromAnotherThreadTheTargetLives(void) {
  if (!ChildrenAreAppsOfTheirOwn()) return;
  const char *path = NewFile("library");
  struct Child *child = StartHolder(path, kStays);
  struct Cancel cancel = {SessionWith(path), child};
  pthread_t thread;
  CHECK_EQ(pthread_create(&thread, NULL, CancelWhenItWasAsked, &cancel), 0);
  CHECK_EQ(RmShutdown(cancel.session, RmForceShutdown, NULL), ERROR_CANCELLED);
  CHECK_EQ(pthread_join(thread, NULL), 0);
  CHECK(IsAlive(child));
  CHECK_EQ(StatusOf(cancel.session, child), RmStatusRunning);
  CHECK_EQ(RmRestart(cancel.session, 0, NULL), ERROR_SUCCESS);
  CHECK_EQ(RmEndSession(cancel.session), ERROR_SUCCESS);
}

static DWORD to_cancel;
static void CancelAtOnce(UINT percent) {
  (void)percent;
  CHECK_EQ(RmCancelCurrentTask(to_cancel), ERROR_SUCCESS);
}

static void CancelledFromTheCallbackNobodyIsAsked(void) {
  if (!ChildrenAreAppsOfTheirOwn()) return;
  const char *path = NewFile("library");
  struct Child *child = StartHolder(path, kLeaves);
  to_cancel = SessionWith(path);
  CHECK_EQ(RmShutdown(to_cancel, 0, CancelAtOnce), ERROR_CANCELLED);
  CHECK(IsAlive(child));
  CHECK_EQ(RmEndSession(to_cancel), ERROR_SUCCESS);
}

static void ACancelWithNothingRunningIsForgotten(void) {
  if (!ChildrenAreAppsOfTheirOwn()) return;
  const char *path = NewFile("library");
  struct Child *child = StartHolder(path, kLeaves);
  const DWORD session = SessionWith(path);
  CHECK_EQ(RmCancelCurrentTask(session), ERROR_SUCCESS);
  CHECK_EQ(RmShutdown(session, 0, NULL), ERROR_SUCCESS);
  CHECK(!IsAlive(child));
  CHECK_EQ(RmEndSession(session), ERROR_SUCCESS);
}

static void *CancelForever(void *argument) {
  const DWORD session = *(DWORD *)argument;
  while (RmCancelCurrentTask(session) == ERROR_SUCCESS) continue;
  return NULL;
}

static void EndingWhileAnotherThreadCancelsDoesNotCrash(void) {
  for (int i = 0; i < 25; ++i) {
    DWORD session = SessionWith("/not/there");
    pthread_t thread;
    CHECK_EQ(pthread_create(&thread, NULL, CancelForever, &session), 0);
    CHECK_EQ(RmEndSession(session), ERROR_SUCCESS);
    CHECK_EQ(pthread_join(thread, NULL), 0);
  }
}

static void NobodyOwesAnythingHere(void) { CHECK_EQ(RmxRecover(NULL, NULL), ERROR_SUCCESS); }

static void WhatNobodyOwesCannotBeGivenUp(void) {
  const char *names[] = {"nginx.service", ""};
  CHECK_EQ(RmxGiveUp(1, names, 0, NULL, NULL), ERROR_FILE_NOT_FOUND);
  CHECK_EQ(RmxGiveUp(1, names, RmxGiveUpDryRun, NULL, NULL), ERROR_FILE_NOT_FOUND);
  CHECK_EQ(RmxGiveUp(2, names, 0, NULL, NULL), ERROR_BAD_ARGUMENTS);
  CHECK_EQ(RmxGiveUp(1, NULL, 0, NULL, NULL), ERROR_BAD_ARGUMENTS);
  CHECK_EQ(RmxGiveUp(0, NULL, 0, NULL, NULL), ERROR_BAD_ARGUMENTS);
  CHECK_EQ(RmxGiveUp(1, names, 2, NULL, NULL), ERROR_BAD_ARGUMENTS);
}

static void HeapReservationsDoNothing(void) { CHECK_EQ(RmReserveHeap(4096), ERROR_SUCCESS); }

const struct Test kTaskTests[] = {
    {"NothingToDoIsASingleHundred", NothingToDoIsASingleHundred},
    {"AStatusFunctionThatWouldWaitForItselfIsToldSo",
     AStatusFunctionThatWouldWaitForItselfIsToldSo},
    {"UnknownFlagsAreBadArguments", UnknownFlagsAreBadArguments},
    {"RestartingFirstIsOutOfSequence", RestartingFirstIsOutOfSequence},
    {"OptionsAreChecked", OptionsAreChecked},
    {"AHolderIsStoppedAndNotBroughtBackUnasked", AHolderIsStoppedAndNotBroughtBackUnasked},
    {"WhoDoesNotLeaveFailsAndForceEndsIt", WhoDoesNotLeaveFailsAndForceEndsIt},
    {"WhoCannotBeAskedStopsNobodyWithoutForce", WhoCannotBeAskedStopsNobodyWithoutForce},
    {"OnlyRegisteredStopsNobodyWhoStaysDown", OnlyRegisteredStopsNobodyWhoStaysDown},
    {"CancelledFromAnotherThreadTheTargetLives", CancelledFromAnotherThreadTheTargetLives},
    {"CancelledFromTheCallbackNobodyIsAsked", CancelledFromTheCallbackNobodyIsAsked},
    {"ACancelWithNothingRunningIsForgotten", ACancelWithNothingRunningIsForgotten},
    {"EndingWhileAnotherThreadCancelsDoesNotCrash", EndingWhileAnotherThreadCancelsDoesNotCrash},
    {"NobodyOwesAnythingHere", NobodyOwesAnythingHere},
    {"WhatNobodyOwesCannotBeGivenUp", WhatNobodyOwesCannotBeGivenUp},
    {"HeapReservationsDoNothing", HeapReservationsDoNothing},
    {NULL, NULL},
};
