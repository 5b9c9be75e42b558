#define _GNU_SOURCE /* pipe2 */
/* Many at once, and one among many who does not leave. */
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"
#include "programs.h"
#include "world.h"

#define CROWD 200

static int told[2], go[2];

/* Says that it was asked, and leaves only when all have been. */
static void LeaveWithTheOthers(int signal) {
  (void)signal;
  char word = 't';
  close(go[1]);
  if (write(told[1], &word, 1) != 1) _exit(1);
  (void)!read(go[0], &word, 1);
  _exit(0);
}

static void *LetGoWhenAllWereAsked(void *argument) {
  char word;
  for (int asked = 0; asked < CROWD; ++asked)
    if (read(told[0], &word, 1) != 1) return argument;
  close(go[1]);
  return NULL;
}

/* If one were waited for before the next is asked, nobody would ever leave. */
static void TwoHundredLeaveTogether(void) {
  if (!ChildrenAreAppsOfTheirOwn()) return;
  const char *path = NewFile("crowd");
  pid_t crowd[CROWD];
  pthread_t thread;
  struct sigaction leave = {.sa_handler = LeaveWithTheOthers}, before;
  CHECK(pipe2(told, O_CLOEXEC) == 0 && pipe2(go, O_CLOEXEC) == 0);
  const int file = open(path, O_RDONLY | O_CLOEXEC);
  sigaction(SIGTERM, &leave, &before);
  for (int i = 0; i < CROWD; ++i) {
    crowd[i] = fork();
    if (crowd[i] == 0)
      for (;;) pause();
  }
  sigaction(SIGTERM, &before, NULL);
  close(file);
  CHECK_EQ(pthread_create(&thread, NULL, LetGoWhenAllWereAsked, NULL), 0);
  const DWORD session = SessionWith(path);
  CHECK_EQ(RmShutdown(session, 0, NULL), ERROR_SUCCESS);
  CHECK_EQ(RmEndSession(session), ERROR_SUCCESS);
  pthread_join(thread, NULL);
  for (int i = 0; i < CROWD; ++i) {
    int status = -1;
    CHECK_EQ(waitpid(crowd[i], &status, WNOHANG), crowd[i]);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
  }
  close(told[0]), close(told[1]), close(go[0]);
}

static void OneStaysTheOthersComeBack(void) {
  if (!ChildrenAreAppsOfTheirOwn()) return;
  char *const nap[] = {"napper", "1000000", NULL};
  char *const stay[] = {"stayer", "-c", "trap : TERM; echo; while :; do read -r _ <&3; done", NULL};
  CHECK(pipe2(told, O_CLOEXEC) == 0 && pipe2(go, O_CLOEXEC) == 0);
  char napper[512], stayer[512];
  CopyOf("/bin/sleep", "napper", napper);
  CopyOf("/bin/bash", "stayer", stayer);
  const pid_t children[] = {StartProgram(napper, nap, told[0], -1),
                            StartProgram(napper, nap, told[0], -1),
                            StartProgram(stayer, stay, told[0], go[1])};
  char word;
  CHECK_EQ(read(go[0], &word, 1), 1); /* it catches SIGTERM now */
  CHECK(HasExeced(children[0], napper) && HasExeced(children[1], napper));

  const DWORD session = SessionWith(napper);
  CHECK_EQ(RegisterFile(session, stayer), ERROR_SUCCESS);
  CHECK_EQ(RmxSetOption(session, RmxOptionRelaunch, 1), ERROR_SUCCESS);
  /* The stayer uses all of it; the nappers need only a moment, also on a busy machine. */
  CHECK_EQ(RmxSetOption(session, RmxOptionAppTimeout, 5000), ERROR_SUCCESS);
  /* It has a pipe and would be let alone, were it not asked for. */
  struct Listed before = List(session);
  for (UINT i = 0; i < before.count; ++i) {
    if ((pid_t)before.apps[i].Process.dwProcessId != children[2]) continue;
    CHECK_EQ(RmRegisterResources(session, 0, NULL, 1, &before.apps[i].Process, 0, NULL),
             ERROR_SUCCESS);
  }
  CHECK_EQ(RmShutdown(session, 0, NULL), ERROR_FAIL_SHUTDOWN);
  struct Listed list = List(session);
  CHECK_EQ(CountWith(&list, RmStatusStopped), 2);
  CHECK_EQ(CountWith(&list, RmStatusRunning | RmStatusErrorOnStop), 1);

  CHECK_EQ(RmRestart(session, 0, NULL), ERROR_SUCCESS);
  list = List(session);
  CHECK_EQ(CountWith(&list, RmStatusStopped | RmStatusRestarted), 2);
  CHECK_EQ(CountWith(&list, RmStatusRunning | RmStatusErrorOnStop), 1);
  CHECK_EQ(CountWith(&list, RmStatusRunning), 2);
  for (UINT i = 0; i < list.count; ++i) {
    if (list.apps[i].AppStatus != RmStatusRunning) continue;
    CHECK(Runs(napper, (pid_t)list.apps[i].Process.dwProcessId));
    EndNow((pid_t)list.apps[i].Process.dwProcessId);
  }
  CHECK_EQ(RmEndSession(session), ERROR_SUCCESS);
  EndNow(children[2]);
  for (int i = 0; i < 3; ++i) waitpid(children[i], NULL, 0);
  close(told[0]), close(told[1]), close(go[0]), close(go[1]);
}

const struct Test kCrowdTests[] = {{"TwoHundredLeaveTogether", TwoHundredLeaveTogether},
                                   {"OneStaysTheOthersComeBack", OneStaysTheOthersComeBack},
                                   {NULL, NULL}};
