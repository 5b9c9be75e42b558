/* Applications that answer: are they asked before they are told, and believed when they refuse? */
#define _GNU_SOURCE
#include <poll.h>
#include <pthread.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "check.h"
#include "world.h"

enum { kFailedAlive = RmStatusRunning | RmStatusErrorOnStop };

/* Who is silent uses all of it; whoever else is asked needs only a moment, also on a busy machine.
 */
enum { kPatience = 3000 };

/* The letters that it says, until there are as many. */
static const char *Heard(const struct Child *child, size_t count) {
  static char letters[16];
  size_t size = 0;
  while (size < count) {
    struct pollfd ready = {child->told, POLLIN, 0};
    if (poll(&ready, 1, 20000) != 1 || read(child->told, letters + size, 1) != 1) break;
    ++size;
  }
  letters[size] = 0;
  return letters;
}

static void CheckHeard(const struct Child *child, const char *letters) {
  const char *heard = Heard(child, strlen(letters));
  if (strcmp(heard, letters) != 0) printf("heard \"%s\", not \"%s\"\n", heard, letters);
  CHECK(strcmp(heard, letters) == 0);
}

/* Nothing is said that has not been heard. */
static int IsQuiet(const struct Child *child) {
  struct pollfd ready = {child->told, POLLIN, 0};
  return poll(&ready, 1, 0) == 0;
}

static long long MsSince(const struct timespec *begin) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (now.tv_sec - begin->tv_sec) * 1000LL + (now.tv_nsec - begin->tv_nsec) / 1000000;
}

static void End(DWORD session) { CHECK_EQ(RmEndSession(session), ERROR_SUCCESS); }

static void AllAgreeAreToldToEndAndGo(void) {
  if (!ChildrenAreAppsOfTheirOwn()) return;
  const char *path = NewFile("library");
  struct Child *threaded = StartTalker(path, "deaf leaves"), *pumped = StartTalker(path, "pumped");
  struct Child *python = StartTalker(path, "python leaves"), *mute = StartHolder(path, kLeaves);
  const DWORD session = SessionWith(path);
  const struct Listed list = List(session);
  CHECK_EQ(list.count, 4);
  for (UINT i = 0; i < list.count; ++i) CHECK_EQ(list.apps[i].ApplicationType, RmConsole);
  CHECK_EQ(RmShutdown(session, 0, NULL), ERROR_SUCCESS);
  CHECK(!IsAlive(threaded) && !IsAlive(pumped) && !IsAlive(python) && !IsAlive(mute));
  CheckHeard(threaded, "qe");
  CheckHeard(pumped, "qe");
  CheckHeard(python, "qe");
  CHECK_EQ(StatusOf(session, pumped), RmStatusStopped);
  End(session);
}

static void OneRefusesAndBothStayAndAreTold(const char *refusing, const char *agreeing,
                                            const char *why) {
  if (!ChildrenAreAppsOfTheirOwn()) return;
  const char *path = NewFile("library");
  struct Child *refuser = StartTalker(path, refusing), *other = StartTalker(path, agreeing);
  struct Child *mute = StartHolder(path, kStays);
  const DWORD session = SessionWith(path);
  for (int i = 0; i < 2; ++i) {
    CHECK_EQ(RmShutdown(session, 0, NULL), ERROR_FAIL_SHUTDOWN);
    CHECK(strstr(RmxGetErrorText(), why) != NULL);
    CheckHeard(refuser, "qo");
    CheckHeard(other, "qo");
    CHECK(IsAlive(refuser) && IsAlive(other) && IsAlive(mute));
    CHECK(IsQuiet(mute));
    CHECK_EQ(StatusOf(session, refuser), kFailedAlive);
    CHECK_EQ(StatusOf(session, other), RmStatusRunning);
    CHECK_EQ(StatusOf(session, mute), RmStatusRunning);
  }
  End(session);
}

static void OneRefusesInItsThread(void) {
  OneRefusesAndBothStayAndAreTold("refuses", "pumped", "it refuses to leave: unsaved work");
}
static void OneRefusesInItsLoop(void) {
  OneRefusesAndBothStayAndAreTold("pumped refuses", "python", "it refuses to leave: unsaved work");
}
static void OneRefusesInPython(void) {
  OneRefusesAndBothStayAndAreTold("python refuses", "leaves", "it refuses to leave: busy ?[2J");
}

static void OneIsSilentAndBothStay(const char *manner) {
  if (!ChildrenAreAppsOfTheirOwn()) return;
  const char *path = NewFile("library");
  struct Child *silent = StartTalker(path, manner), *other = StartTalker(path, "leaves");
  const DWORD session = SessionWith(path);
  struct timespec begin;
  CHECK_EQ(RmxSetOption(session, RmxOptionQueryTimeout, kPatience), ERROR_SUCCESS);
  clock_gettime(CLOCK_MONOTONIC, &begin);
  CHECK_EQ(RmShutdown(session, 0, NULL), ERROR_FAIL_SHUTDOWN);
  CHECK(MsSince(&begin) >= kPatience);
  CHECK(strstr(RmxGetErrorText(), "it does not answer") != NULL);
  CheckHeard(other, "qo");
  CHECK(IsAlive(silent) && IsAlive(other));
  CHECK_EQ(StatusOf(session, silent), kFailedAlive);
  CHECK_EQ(StatusOf(session, other), RmStatusRunning);
  End(session);
}

static void OneIsSilent(void) { OneIsSilentAndBothStay("silent"); }
static void OneWhoseLoopHangsIsSilent(void) { OneIsSilentAndBothStay("pumped silent"); }
static void WhoFloodsIsSilent(void) { OneIsSilentAndBothStay("python floods"); }

static void WhoLeavesWhenItIsAskedWasStopped(void) {
  if (!ChildrenAreAppsOfTheirOwn()) return;
  const char *path = NewFile("library");
  struct Child *hasty = StartTalker(path, "leaves-when-asked");
  struct Child *other = StartTalker(path, "leaves");
  const DWORD session = SessionWith(path);
  CHECK_EQ(RmShutdown(session, 0, NULL), ERROR_SUCCESS);
  CheckHeard(hasty, "q");
  CheckHeard(other, "qe");
  CHECK_EQ(StatusOf(session, hasty), RmStatusStopped);
  CHECK_EQ(StatusOf(session, other), RmStatusStopped);
  End(session);
}

static void ForceOverrulesARefusal(void) {
  if (!ChildrenAreAppsOfTheirOwn()) return;
  const char *path = NewFile("library");
  struct Child *stubborn = StartTalker(path, "refuses stays");
  struct Child *refuser = StartTalker(path, "refuses leaves");
  const DWORD session = SessionWith(path);
  struct timespec begin;
  CHECK_EQ(RmxSetOption(session, RmxOptionAppTimeout, kPatience), ERROR_SUCCESS);
  clock_gettime(CLOCK_MONOTONIC, &begin);
  CHECK_EQ(RmShutdown(session, RmForceShutdown, NULL), ERROR_SUCCESS);
  CHECK(MsSince(&begin) >= kPatience);
  CHECK(!IsAlive(stubborn) && !IsAlive(refuser));
  CheckHeard(stubborn, "qet");
  CheckHeard(refuser, "qe");
  CHECK_EQ(StatusOf(session, stubborn), RmStatusStopped);
  End(session);
}

struct Cancel {
  DWORD session;
  struct Child *child;
};

static void *CancelWhenItWasAsked(void *argument) {
  const struct Cancel *cancel = argument;
  AwaitWord(cancel->child, 'q');
  CHECK_EQ(RmCancelCurrentTask(cancel->session), ERROR_SUCCESS);
  return NULL;
}

static void CancelledAfterTheQuestionAllAreToldThatItIsOff(void) {
  if (!ChildrenAreAppsOfTheirOwn()) return;
  const char *path = NewFile("library");
  struct Child *silent = StartTalker(path, "silent"), *other = StartTalker(path, "leaves");
  struct Cancel cancel = {SessionWith(path), other};
  pthread_t thread;
  CHECK_EQ(RmxSetOption(cancel.session, RmxOptionQueryTimeout, 60000), ERROR_SUCCESS);
  CHECK_EQ(pthread_create(&thread, NULL, CancelWhenItWasAsked, &cancel), 0);
  CHECK_EQ(RmShutdown(cancel.session, 0, NULL), ERROR_CANCELLED);
  CHECK_EQ(pthread_join(thread, NULL), 0);
  CheckHeard(other, "o");
  CHECK(IsAlive(silent) && IsAlive(other));
  CHECK_EQ(StatusOf(cancel.session, other), RmStatusRunning);
  End(cancel.session);
}

/* Another process listens at an address with the pid of the holder. */
static void ASquatterIsNotBelieved(void) {
  if (!ChildrenAreAppsOfTheirOwn()) return;
  const char *path = NewFile("library");
  struct Child *deaf = StartHolder(path, kIgnores);
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  const int squatter = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int size = snprintf(address.sun_path + 1, sizeof address.sun_path - 1, "restartapp.%d.0",
                            (int)deaf->pid);
  CHECK_EQ(bind(squatter, (struct sockaddr *)&address,
                (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)size)),
           0);
  CHECK_EQ(listen(squatter, 8), 0);
  const DWORD session = SessionWith(path);
  const struct Listed list = List(session);
  CHECK_EQ(list.count, 1);
  CHECK_EQ(list.apps[0].ApplicationType, RmUnknownApp);
  CHECK_EQ(RmShutdown(session, 0, NULL), ERROR_FAIL_SHUTDOWN);
  struct pollfd connected = {squatter, POLLIN, 0};
  CHECK_EQ(poll(&connected, 1, 0), 0);
  close(squatter);
  End(session);
}

static void WhoAnswersIsNoUnknownAppThoughItIsDeafToSignals(void) {
  if (!ChildrenAreAppsOfTheirOwn()) return;
  const char *path = NewFile("library");
  struct Child *deaf = StartTalker(path, "deaf leaves");
  const DWORD session = SessionWith(path);
  CHECK_EQ(List(session).apps[0].ApplicationType, RmConsole);
  RMX_PLAN *plan = NULL;
  CHECK_EQ(RmxGetPlan(session, 0, &plan), ERROR_SUCCESS);
  CHECK_EQ(plan->dwRefusal, 0);
  CHECK(strstr(plan->rgSteps[0].szHow, "it is asked, and may refuse") != NULL);
  RmxFree(plan);
  CHECK(IsQuiet(deaf));
  CHECK_EQ(RmShutdown(session, 0, NULL), ERROR_SUCCESS);
  CheckHeard(deaf, "qe");
  End(session);
}

const struct Test kTalkTests[] = {
    {"AllAgreeAreToldToEndAndGo", AllAgreeAreToldToEndAndGo},
    {"OneRefusesInItsThread", OneRefusesInItsThread},
    {"OneRefusesInItsLoop", OneRefusesInItsLoop},
    {"OneRefusesInPython", OneRefusesInPython},
    {"OneIsSilent", OneIsSilent},
    {"OneWhoseLoopHangsIsSilent", OneWhoseLoopHangsIsSilent},
    {"WhoFloodsIsSilent", WhoFloodsIsSilent},
    {"WhoLeavesWhenItIsAskedWasStopped", WhoLeavesWhenItIsAskedWasStopped},
    {"ForceOverrulesARefusal", ForceOverrulesARefusal},
    {"CancelledAfterTheQuestionAllAreToldThatItIsOff",
     CancelledAfterTheQuestionAllAreToldThatItIsOff},
    {"ASquatterIsNotBelieved", ASquatterIsNotBelieved},
    {"WhoAnswersIsNoUnknownAppThoughItIsDeafToSignals",
     WhoAnswersIsNoUnknownAppThoughItIsDeafToSignals},
    {NULL, NULL},
};
