/* What comes back, what does not, and what if somebody has enough of waiting for it? */
#define _GNU_SOURCE
#include <dirent.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"
#include "programs.h"
#include "world.h"

#define COPIES 2

/* Copies of sleep(1), in a session that would bring them back. */
struct Sleepers {
  char program[512];
  pid_t pids[COPIES];
  DWORD session;
};

static struct Sleepers StartSleepers(void) {
  char *const nap[] = {"sleeper", "1000000", NULL};
  struct Sleepers sleepers;
  CopyOf("/bin/sleep", "sleeper", sleepers.program);
  for (int i = 0; i < COPIES; ++i) {
    sleepers.pids[i] = StartProgram(sleepers.program, nap, STDIN_FILENO, -1);
    CHECK(HasExeced(sleepers.pids[i], sleepers.program));
  }
  sleepers.session = SessionWith(sleepers.program);
  CHECK_EQ(RmxSetOption(sleepers.session, RmxOptionRelaunch, 1), ERROR_SUCCESS);
  return sleepers;
}

/* Reaps the first ones, and ends those that came back. */
static void EndSleepers(const struct Sleepers *sleepers) {
  const struct Listed list = List(sleepers->session);
  for (UINT i = 0; i < list.count; ++i)
    if (Runs(sleepers->program, (pid_t)list.apps[i].Process.dwProcessId))
      EndNow((pid_t)list.apps[i].Process.dwProcessId);
  CHECK_EQ(RmEndSession(sleepers->session), ERROR_SUCCESS);
  for (int i = 0; i < COPIES; ++i) waitpid(sleepers->pids[i], NULL, 0);
}

static void AProgramWhoseFileIsGoneFailsAndIsTriedAgain(void) {
  if (!ChildrenAreAppsOfTheirOwn()) return;
  struct Sleepers sleepers = StartSleepers();
  CHECK_EQ(RmShutdown(sleepers.session, 0, NULL), ERROR_SUCCESS);
  char aside[600];
  snprintf(aside, sizeof aside, "%s.aside", sleepers.program);
  CHECK_EQ(rename(sleepers.program, aside), 0);
  CHECK_EQ(RmRestart(sleepers.session, 0, NULL), ERROR_FAIL_RESTART);
  struct Listed list = List(sleepers.session);
  CHECK_EQ(list.count, COPIES);
  CHECK_EQ(CountWith(&list, RmStatusStopped | RmStatusErrorOnRestart), COPIES);
  CHECK_EQ(rename(aside, sleepers.program), 0);
  CHECK_EQ(RmRestart(sleepers.session, 0, NULL), ERROR_SUCCESS);
  list = List(sleepers.session);
  CHECK_EQ(CountWith(&list, RmStatusStopped | RmStatusRestarted), COPIES);
  CHECK_EQ(CountWith(&list, RmStatusRunning), COPIES);
  EndSleepers(&sleepers);
}

/* As long as it runs, the old file has another name: that was what came back. */
static void WhoRunsAFileThatWasMovedAsideIsBackOnTheNewOne(void) {
  if (!ChildrenAreAppsOfTheirOwn()) return;
  struct Sleepers sleepers = StartSleepers();
  char aside[600], copy[512];
  snprintf(aside, sizeof aside, "%s.aside", sleepers.program);
  CHECK_EQ(rename(sleepers.program, aside), 0);
  CopyOf("/bin/sleep", "sleeper", copy);
  CHECK_EQ(RmShutdown(sleepers.session, 0, NULL), ERROR_SUCCESS);
  CHECK_EQ(RmRestart(sleepers.session, 0, NULL), ERROR_SUCCESS);
  const struct Listed list = List(sleepers.session);
  int back = 0;
  for (UINT i = 0; i < list.count; ++i) back += Runs(copy, (pid_t)list.apps[i].Process.dwProcessId);
  CHECK_EQ(back, COPIES);
  EndSleepers(&sleepers);
}

/* What was brought back once is not brought back again. */
static void ASecondRestartStartsNobody(void) {
  if (!ChildrenAreAppsOfTheirOwn()) return;
  struct Sleepers sleepers = StartSleepers();
  CHECK_EQ(RmShutdown(sleepers.session, 0, NULL), ERROR_SUCCESS);
  CHECK_EQ(RmRestart(sleepers.session, 0, NULL), ERROR_SUCCESS);
  CHECK_EQ(RmRestart(sleepers.session, 0, NULL), ERROR_SUCCESS);
  const struct Listed list = List(sleepers.session);
  CHECK_EQ(list.count, 2 * COPIES);
  CHECK_EQ(CountWith(&list, RmStatusRunning), COPIES);
  EndSleepers(&sleepers);
}

/* rm-guard processes of this test's store. */
static int CountGuards(void) {
  int guards = 0;
  DIR *proc = opendir("/proc");
  const struct dirent *entry;
  while (proc && (entry = readdir(proc))) {
    char path[300], words[4096];
    snprintf(path, sizeof path, "/proc/%s/cmdline", entry->d_name);
    FILE *file = fopen(path, "re");
    if (!file) continue;
    const size_t size = fread(words, 1, sizeof words, file);
    fclose(file);
    guards +=
        memmem(words, size, "rm-guard", 8) && memmem(words, size, StorePath(), strlen(StorePath()));
  }
  if (proc) closedir(proc);
  return guards;
}

/* Where no service manager does it, a guard watches that what was stopped comes back. It is not
 * needed any more once it is back, however long the installer goes on. */
static void NoGuardIsLeftWhenEverybodyIsBack(void) {
  if (!ChildrenAreAppsOfTheirOwn()) return;
  struct Sleepers sleepers = StartSleepers();
  CHECK_EQ(RmShutdown(sleepers.session, 0, NULL), ERROR_SUCCESS);
  const int watching = CountGuards();
  CHECK_EQ(RmRestart(sleepers.session, 0, NULL), ERROR_SUCCESS);
  EndSleepers(&sleepers);
  if (access("/run/systemd/system", F_OK) == 0) {
    Skip("a machine without a service manager");
    return;
  }
  CHECK_EQ(watching, 1);
  for (int tenths = 0; tenths < 300 && CountGuards() != 0; ++tenths) usleep(100000);
  CHECK_EQ(CountGuards(), 0);
}

static DWORD to_cancel;

static void *CancelIt(void *argument) {
  CHECK_EQ(RmCancelCurrentTask(to_cancel), ERROR_SUCCESS);
  return argument;
}

static void CancelInAnotherThread(UINT percent) {
  pthread_t thread;
  CHECK_EQ(percent, 0);
  CHECK_EQ(pthread_create(&thread, NULL, CancelIt, NULL), 0);
  CHECK_EQ(pthread_join(thread, NULL), 0);
}

static void ACancelledRestartIsTakenUpAgain(void) {
  if (!ChildrenAreAppsOfTheirOwn()) return;
  struct Sleepers sleepers = StartSleepers();
  CHECK_EQ(RmShutdown(sleepers.session, 0, NULL), ERROR_SUCCESS);
  to_cancel = sleepers.session;
  CHECK_EQ(RmRestart(sleepers.session, 0, CancelInAnotherThread), ERROR_CANCELLED);
  struct Listed list = List(sleepers.session);
  CHECK_EQ(CountWith(&list, RmStatusStopped), COPIES);
  CHECK_EQ(list.count, COPIES);
  CHECK_EQ(RmRestart(sleepers.session, 0, NULL), ERROR_SUCCESS);
  list = List(sleepers.session);
  CHECK_EQ(CountWith(&list, RmStatusStopped | RmStatusRestarted), COPIES);
  EndSleepers(&sleepers);
}

static void AFilterBetweenStopAndRestartKeepsThemDown(void) {
  if (!ChildrenAreAppsOfTheirOwn()) return;
  struct Sleepers sleepers = StartSleepers();
  CHECK_EQ(RmShutdown(sleepers.session, 0, NULL), ERROR_SUCCESS);
  CHECK_EQ(RmAddFilter(sleepers.session, Wide(sleepers.program), NULL, NULL, RmNoRestart),
           ERROR_SUCCESS);
  CHECK_EQ(RmRestart(sleepers.session, 0, NULL), ERROR_SUCCESS);
  const struct Listed list = List(sleepers.session);
  CHECK_EQ(list.count, COPIES);
  CHECK_EQ(CountWith(&list, RmStatusStopped | RmStatusRestartMasked), COPIES);
  EndSleepers(&sleepers);
}

/* Of a link to the executable the filter means where it leads. */
static void AFilterOnALinkToTheExecutableCounts(void) {
  if (!ChildrenAreAppsOfTheirOwn()) return;
  struct Sleepers sleepers = StartSleepers();
  char link[600];
  snprintf(link, sizeof link, "%s.link", sleepers.program);
  CHECK_EQ(symlink("sleeper", link), 0);
  CHECK_EQ(RmAddFilter(sleepers.session, Wide(link), NULL, NULL, RmNoShutdown), ERROR_SUCCESS);
  CHECK_EQ(RmShutdown(sleepers.session, 0, NULL), ERROR_SUCCESS);
  const struct Listed list = List(sleepers.session);
  CHECK_EQ(CountWith(&list, RmStatusRunning | RmStatusShutdownMasked | RmStatusRestartMasked),
           COPIES);
  EndSleepers(&sleepers);
}

const struct Test kReturnTests[] = {
    {"AProgramWhoseFileIsGoneFailsAndIsTriedAgain", AProgramWhoseFileIsGoneFailsAndIsTriedAgain},
    {"WhoRunsAFileThatWasMovedAsideIsBackOnTheNewOne",
     WhoRunsAFileThatWasMovedAsideIsBackOnTheNewOne},
    {"ASecondRestartStartsNobody", ASecondRestartStartsNobody},
    {"NoGuardIsLeftWhenEverybodyIsBack", NoGuardIsLeftWhenEverybodyIsBack},
    {"ACancelledRestartIsTakenUpAgain", ACancelledRestartIsTakenUpAgain},
    {"AFilterBetweenStopAndRestartKeepsThemDown", AFilterBetweenStopAndRestartKeepsThemDown},
    {"AFilterOnALinkToTheExecutableCounts", AFilterOnALinkToTheExecutableCounts},
    {NULL, NULL},
};
