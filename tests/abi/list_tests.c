#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "check.h"
#include "world.h"

static void NothingIsAffected(void) {
  const DWORD session = SessionWith(NewFile("unused"));
  UINT needed = 7, count = 0;
  DWORD reasons = 7;
  CHECK_EQ(RmGetList(session, &needed, &count, NULL, &reasons), ERROR_SUCCESS);
  CHECK_EQ(needed, 0);
  CHECK_EQ(count, 0);
  CHECK_EQ(reasons, 0);
  CHECK_EQ(RmEndSession(session), ERROR_SUCCESS);
}

static void NullPointersAreBadArguments(void) {
  const DWORD session = SessionWith("/not/there");
  UINT needed = 7, count = 1;
  DWORD reasons = 7;
  RM_PROCESS_INFO one;
  RMX_PLAN *plan = NULL;
  CHECK_EQ(RmGetList(session, NULL, &count, &one, &reasons), ERROR_BAD_ARGUMENTS);
  CHECK_EQ(RmGetList(session, &needed, NULL, &one, &reasons), ERROR_BAD_ARGUMENTS);
  CHECK_EQ(RmGetList(session, &needed, &count, &one, NULL), ERROR_BAD_ARGUMENTS);
  CHECK_EQ(RmGetList(session, &needed, &count, NULL, &reasons), ERROR_BAD_ARGUMENTS);
  CHECK_EQ(needed, 7);
  CHECK_EQ(RmxGetApps(session, NULL), ERROR_BAD_ARGUMENTS);
  CHECK_EQ(RmxGetPlan(session, 0, NULL), ERROR_BAD_ARGUMENTS);
  CHECK_EQ(RmxGetPlan(session, 0x100, &plan), ERROR_BAD_ARGUMENTS);
  CHECK_EQ(RmxGetSessions(NULL), ERROR_BAD_ARGUMENTS);
  CHECK_EQ(RmEndSession(session), ERROR_SUCCESS);
}

static void ASizeQuerySetsNeededAndReasonsAndNothingElse(void) {
  const char *path = NewFile("library");
  StartHolder(path, kLeaves);
  StartHolder(path, kLeaves);
  const DWORD session = SessionWith(path);
  UINT needed = 7, count = 0;
  DWORD reasons = 7;
  CHECK_EQ(RmGetList(session, &needed, &count, NULL, &reasons), ERROR_MORE_DATA);
  CHECK_EQ(needed, 2);
  CHECK_EQ(count, 0);
  CHECK(reasons != 7);
  RM_PROCESS_INFO list[3];
  memset(list, 0xAA, sizeof list);
  needed = 7;
  count = 1;
  CHECK_EQ(RmGetList(session, &needed, &count, list, &reasons), ERROR_MORE_DATA);
  CHECK_EQ(needed, 2);
  CHECK_EQ(count, 1);
  for (size_t i = 0; i < sizeof list; ++i)
    if (((unsigned char *)list)[i] != 0xAA) {
      CHECK(!"the array is untouched");
      break;
    }
  count = 3;
  CHECK_EQ(RmGetList(session, &needed, &count, list, &reasons), ERROR_SUCCESS);
  CHECK_EQ(needed, 2);
  CHECK_EQ(count, 2);
  CHECK_EQ(list[2].AppStatus, 0xAAAAAAAA);
  CHECK_EQ(RmEndSession(session), ERROR_SUCCESS);
}

static void AHolderIsListedWithAllThereIsToSay(void) {
  if (!ChildrenAreAppsOfTheirOwn()) return;
  const char *path = NewFile("library");
  struct Child *child = StartHolder(path, kLeaves);
  const DWORD session = SessionWith(path);
  const struct Listed list = List(session);
  CHECK_EQ(list.code, ERROR_SUCCESS);
  CHECK_EQ(list.reasons, RmRebootReasonNone);
  CHECK_EQ(list.count, 1);
  char name[64];
  Narrow(list.apps[0].strAppName, name, sizeof name);
  CHECK(strcmp(name, "abi_test") == 0);
  CHECK(memcmp(&list.apps[0].Process, &child->id, sizeof child->id) == 0);
  CHECK_EQ(list.apps[0].strServiceShortName[0], 0);
  CHECK_EQ(list.apps[0].ApplicationType, RmConsole);
  CHECK_EQ(list.apps[0].AppStatus, RmStatusRunning);
  CHECK_EQ(list.apps[0].bRestartable, 0);

  RMX_APP_LIST *apps = NULL;
  CHECK_EQ(RmxGetApps(session, &apps), ERROR_SUCCESS);
  CHECK(apps && apps->nApps == 1 && apps->cbApp == sizeof(RMX_APP));
  const RMX_APP *app = &apps->rgApps[0];
  CHECK(memcmp(&app->Info.Process, &child->id, sizeof child->id) == 0);
  CHECK(app->bListed);
  CHECK(strcmp(app->szUnit, "") == 0);
  CHECK(strstr(app->szExecutable, "/abi_test") != NULL);
  CHECK(strlen(app->szWhyNotBack) > 0);
  CHECK_EQ(app->nProcesses, 1);
  CHECK_EQ(app->nHoldings, 1);
  CHECK_EQ(app->rgHoldings[0].Kind, RmxHoldDescriptor);
  CHECK(app->rgHoldings[0].nDescriptor > 2);
  CHECK(!app->rgHoldings[0].bPreviousContent);
  CHECK(strcmp(app->rgHoldings[0].szPath, path) == 0);
  RmxFree(apps);
  RmxFree(NULL);
  CHECK_EQ(RmEndSession(session), ERROR_SUCCESS);
}

static void WhoHoldsAReplacedFileIsStillListed(void) {
  const char *path = NewFile("library");
  struct Child *child = StartHolder(path, kLeaves);
  const DWORD session = SessionWith(path);
  CHECK_EQ(unlink(path), 0);
  NewFile("library");
  CHECK(StatusOf(session, child) >= 0);
  RMX_APP_LIST *apps = NULL;
  CHECK_EQ(RmxGetApps(session, &apps), ERROR_SUCCESS);
  CHECK(apps->nApps == 1 && apps->rgApps[0].rgHoldings[0].bPreviousContent);
  RmxFree(apps);
  CHECK_EQ(RmEndSession(session), ERROR_SUCCESS);
}

static void AWorkingDirectoryIsNotListed(void) {
  char path[128];
  strcpy(path, FilesPath());
  strcat(path, "/later");
  const DWORD session = SessionWith(path); /* not a directory yet: that would be refused */
  CHECK_EQ(mkdir(path, 0755), 0);
  struct Child *child = StartHolder(path, kInDirectory);
  CHECK_EQ(List(session).code, ERROR_SUCCESS);
  CHECK_EQ(List(session).count, 0);
  RMX_APP_LIST *apps = NULL;
  CHECK_EQ(RmxGetApps(session, &apps), ERROR_SUCCESS);
  CHECK_EQ(apps->nApps, 1);
  CHECK_EQ(apps->rgApps[0].Info.Process.dwProcessId, child->pid);
  CHECK(!apps->rgApps[0].bListed);
  CHECK_EQ(apps->rgApps[0].rgHoldings[0].Kind, RmxHoldWorkingDirectory);
  CHECK_EQ(apps->rgApps[0].rgHoldings[0].nDescriptor, -1);
  RmxFree(apps);
  CHECK_EQ(RmShutdown(session, 0, NULL), ERROR_SUCCESS);
  CHECK(IsAlive(child));
  CHECK_EQ(RmEndSession(session), ERROR_SUCCESS);
}

static void WhoVanishedWasStoppedByAnother(void) {
  const char *path = NewFile("library");
  struct Child *child = StartHolder(path, kLeaves);
  const struct Child gone = *child;
  const DWORD session = SessionWith(path);
  CHECK(StatusOf(session, child) >= 0);
  EndChild(child);
  CHECK_EQ(StatusOf(session, &gone), RmStatusStoppedOther);
  CHECK_EQ(RmEndSession(session), ERROR_SUCCESS);
}

static void TheCallerItselfIsCriticalUnlessItIsMasked(void) {
  RM_UNIQUE_PROCESS self;
  CHECK_EQ(RmxDescribeProcess((DWORD)getpid(), &self), ERROR_SUCCESS);
  const DWORD session = SessionWith("/not/there");
  CHECK_EQ(RmRegisterResources(session, 0, NULL, 1, &self, 0, NULL), ERROR_SUCCESS);
  struct Listed list = List(session);
  CHECK_EQ(list.reasons, RmRebootReasonDetectedSelf);
  CHECK_EQ(list.apps[0].ApplicationType, RmCritical);
  CHECK_EQ(list.apps[0].bRestartable, 0);
  CHECK_EQ(RmShutdown(session, RmForceShutdown, NULL), ERROR_FAIL_NOACTION_REBOOT);
  CHECK_EQ(RmAddFilter(session, NULL, &self, NULL, RmNoShutdown), ERROR_SUCCESS);
  list = List(session);
  CHECK_EQ(list.reasons, RmRebootReasonNone);
  CHECK_EQ(list.apps[0].AppStatus & RmStatusShutdownMasked, RmStatusShutdownMasked);
  CHECK_EQ(RmShutdown(session, 0, NULL), ERROR_SUCCESS);
  CHECK_EQ(RmEndSession(session), ERROR_SUCCESS);
}

/* As a user who registers a process of root's. */
static int RegistersRoots(void *argument) {
  RM_UNIQUE_PROCESS process;
  const struct Child *child = argument;
  if (RmxDescribeProcess((DWORD)child->pid, &process) != ERROR_SUCCESS) return 1;
  const DWORD session = SessionWith("/not/there");
  if (RmRegisterResources(session, 0, NULL, 1, &process, 0, NULL) != ERROR_SUCCESS) return 2;
  const struct Listed list = List(session);
  if (list.count != 1 || list.apps[0].ApplicationType != RmCritical) return 3;
  if (list.reasons != RmRebootReasonPermissionDenied) return 4;
  if (RmShutdown(session, RmForceShutdown, NULL) != ERROR_FAIL_NOACTION_REBOOT) return 5;
  return RmEndSession(session) == ERROR_SUCCESS ? 0 : 6;
}

static void AnotherUsersProcessMayNotBeStopped(void) {
  struct Child *child = StartHolder(NewFile("f"), kLeaves);
  const int status = RunAsNobody(RegistersRoots, child);
  if (status < 0) {
    Skip("root, to become another user");
    return;
  }
  CHECK_EQ(status, 0);
  CHECK(IsAlive(child));
}

const struct Test kListTests[] = {
    {"NothingIsAffected", NothingIsAffected},
    {"NullPointersAreBadArguments", NullPointersAreBadArguments},
    {"ASizeQuerySetsNeededAndReasonsAndNothingElse", ASizeQuerySetsNeededAndReasonsAndNothingElse},
    {"AHolderIsListedWithAllThereIsToSay", AHolderIsListedWithAllThereIsToSay},
    {"WhoHoldsAReplacedFileIsStillListed", WhoHoldsAReplacedFileIsStillListed},
    {"AWorkingDirectoryIsNotListed", AWorkingDirectoryIsNotListed},
    {"WhoVanishedWasStoppedByAnother", WhoVanishedWasStoppedByAnother},
    {"TheCallerItselfIsCriticalUnlessItIsMasked", TheCallerItselfIsCriticalUnlessItIsMasked},
    {"AnotherUsersProcessMayNotBeStopped", AnotherUsersProcessMayNotBeStopped},
    {NULL, NULL},
};
