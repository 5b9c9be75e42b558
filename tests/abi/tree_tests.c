/* RmxRegisterTree, RmxGetHolders and the guard option. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "check.h"
#include "world.h"

static char g_path[PATH_MAX];

/* Below FilesPath(); one buffer. */
static const char *Below(const char *name) {
  snprintf(g_path, sizeof g_path, "%s/%s", FilesPath(), name);
  return g_path;
}

/* A directory app with lib/, and a file in each. The path of the file in lib. */
static const char *MakeApp(void) {
  static char file[PATH_MAX];
  CHECK_EQ(mkdir(Below("app"), 0755), 0);
  CHECK_EQ(mkdir(Below("app/lib"), 0755), 0);
  NewFile("app/server");
  snprintf(file, sizeof file, "%s", NewFile("app/lib/library"));
  return file;
}

static DWORD Start(void) {
  DWORD session = ~0u;
  char key[33];
  CHECK_EQ(RmxStartSession(&session, NULL, key), ERROR_SUCCESS);
  return session;
}

static void WhoHoldsAFileBelowIsFoundAndNoDirectoryIsInTheWay(void) {
  struct Child *child = StartHolder(MakeApp(), kLeaves);
  const DWORD session = Start();
  RMX_TREE *tree = NULL;
  CHECK_EQ(RmxRegisterTree(session, Below("app"), 0, &tree), ERROR_SUCCESS);
  CHECK(tree && tree->cbSize == sizeof *tree && tree->cbSkipped == sizeof(RMX_SKIPPED));
  if (tree) {
    CHECK_EQ(tree->nFiles, 2);
    CHECK_EQ(tree->nDirectories, 1);
    CHECK_EQ(tree->nSkipped, 0);
  }
  RmxFree(tree);
  const struct Listed list = List(session);
  CHECK_EQ(list.code, ERROR_SUCCESS);
  CHECK_EQ(list.count, 1);
  CHECK_EQ(list.apps[0].Process.dwProcessId, child->pid);
  CHECK_EQ(RmxRegisterTree(session, Below("app"), 0, NULL), ERROR_SUCCESS);
  CHECK_EQ(RmEndSession(session), ERROR_SUCCESS);
}

static void FilesThatComeLaterCount(void) {
  MakeApp();
  const DWORD session = Start();
  CHECK_EQ(RmxRegisterTree(session, Below("app"), 0, NULL), ERROR_SUCCESS);
  CHECK_EQ(List(session).count, 0);
  CHECK_EQ(mkdir(Below("app/new"), 0755), 0);
  StartHolder(NewFile("app/new/plugin"), kLeaves);
  CHECK_EQ(List(session).count, 1);
  CHECK_EQ(RmEndSession(session), ERROR_SUCCESS);
}

static void WhatWasThereIsRememberedWhereverItWent(void) {
  const char *file = MakeApp();
  const struct Child *removed = StartHolder(file, kLeaves);
  const struct Child *moved = StartHolder(Below("app/server"), kLeaves);
  const DWORD session = Start();
  CHECK_EQ(RmxRegisterTree(session, Below("app"), 0, NULL), ERROR_SUCCESS);
  CHECK_EQ(unlink(file), 0);
  char elsewhere[PATH_MAX];
  snprintf(elsewhere, sizeof elsewhere, "%s", Below("elsewhere"));
  CHECK_EQ(rename(Below("app/server"), elsewhere), 0);
  RMX_HOLDER_LIST *list = NULL;
  CHECK_EQ(RmxGetHolders(session, &list), ERROR_SUCCESS);
  int seen = 0;
  for (UINT i = 0; list && i < list->nHolders; ++i) {
    const RMX_HOLDER *holder =
        (const RMX_HOLDER *)((const char *)list->rgHolders + i * list->cbHolder);
    const int pid = (int)holder->Process.dwProcessId;
    CHECK(holder->bPreviousContent);
    CHECK(strcmp(holder->szRegistered, Below("app")) == 0);
    if (pid == removed->pid) seen |= strcmp(holder->szPath, Below("app/lib/library")) == 0 ? 1 : 0;
    if (pid == moved->pid) seen |= strcmp(holder->szPath, Below("app/server")) == 0 ? 2 : 0;
  }
  CHECK_EQ(seen, 3);
  RmxFree(list);
  CHECK_EQ(RmEndSession(session), ERROR_SUCCESS);
}

static void ATreeThatDoesNotExistYetMayBeRegistered(void) {
  const DWORD session = Start();
  RMX_TREE *tree = NULL;
  CHECK_EQ(RmxRegisterTree(session, Below("app"), 0, &tree), ERROR_SUCCESS);
  CHECK(tree && tree->nFiles + tree->nDirectories + tree->nSkipped == 0);
  RmxFree(tree);
  StartHolder(MakeApp(), kLeaves);
  CHECK_EQ(List(session).count, 1);
  CHECK_EQ(RmEndSession(session), ERROR_SUCCESS);
}

static void LinksOutOfTheTreeAreNotFollowed(void) {
  MakeApp();
  StartHolder(NewFile("outside"), kLeaves);
  CHECK_EQ(symlink("../outside", Below("app/link")), 0);
  CHECK_EQ(symlink("..", Below("app/up")), 0);
  const DWORD session = Start();
  CHECK_EQ(RmxRegisterTree(session, Below("app"), 0, NULL), ERROR_SUCCESS);
  CHECK_EQ(List(session).count, 0);
  CHECK_EQ(RmEndSession(session), ERROR_SUCCESS);
}

static void WhatIsNoTreeIsRefused(void) {
  char long_path[2 * PATH_MAX];
  memset(long_path, 'x', sizeof long_path - 1);
  long_path[0] = '/';
  long_path[sizeof long_path - 1] = '\0';
  MakeApp();
  const DWORD session = Start();
  RMX_TREE *tree = NULL;
  CHECK_EQ(RmxRegisterTree(session, NULL, 0, &tree), ERROR_BAD_ARGUMENTS);
  CHECK_EQ(RmxRegisterTree(session, "relative", 0, &tree), ERROR_BAD_ARGUMENTS);
  CHECK_EQ(RmxRegisterTree(session, "", 0, &tree), ERROR_BAD_ARGUMENTS);
  CHECK_EQ(RmxRegisterTree(session, Below("app/server"), 0, &tree), ERROR_BAD_ARGUMENTS);
  CHECK_EQ(RmxRegisterTree(session, long_path, 0, &tree), ERROR_BAD_ARGUMENTS);
  CHECK_EQ(RmxRegisterTree(session, Below("app"), 2, &tree), ERROR_BAD_ARGUMENTS);
  CHECK_EQ(RmxRegisterTree(session + 1, Below("app"), 0, &tree), ERROR_INVALID_HANDLE);
  CHECK(tree == NULL);
  CHECK_EQ(List(session).count, 0);
  CHECK_EQ(RmEndSession(session), ERROR_SUCCESS);
  CHECK_EQ(RmxRegisterTree(session, Below("app"), 0, &tree), ERROR_INVALID_HANDLE);
}

static int SeesThatItSeesNothing(void *directory) {
  DWORD session;
  char key[33];
  RMX_TREE *tree = NULL;
  if (RmxStartSession(&session, NULL, key) != ERROR_SUCCESS) return 1;
  if (RmxRegisterTree(session, directory, 0, &tree) != ERROR_SUCCESS) return 2;
  if (tree->nSkipped != 1 || tree->nDirectories != 1) return 3;
  const size_t length = strlen(directory);
  if (strncmp(tree->rgSkipped[0].szPath, directory, length) != 0) return 4;
  if (strcmp(tree->rgSkipped[0].szPath + length, "/lib") != 0) return 5;
  if (strstr(tree->rgSkipped[0].szWhy, "denied") == NULL) return 6;
  RmxFree(tree);
  return RmEndSession(session) == ERROR_SUCCESS ? 0 : 7;
}

static void WhatMayNotBeLookedIntoIsNamed(void) {
  if (geteuid() != 0) {
    Skip("root, for a directory that another user may not read");
    return;
  }
  MakeApp();
  char app[PATH_MAX];
  snprintf(app, sizeof app, "%s", Below("app"));
  CHECK_EQ(chmod(FilesPath(), 0755), 0);
  CHECK_EQ(chmod(Below("app/lib"), 0700), 0);
  CHECK_EQ(RunAsNobody(SeesThatItSeesNothing, app), 0);
}

static void WhoJoinedMayRegisterATreeAndNotAskForHolders(void) {
  StartHolder(MakeApp(), kLeaves);
  DWORD session, joined;
  char key[33];
  CHECK_EQ(RmxStartSession(&session, NULL, key), ERROR_SUCCESS);
  CHECK_EQ(RmJoinSession(&joined, Wide(key)), ERROR_SUCCESS);
  CHECK_EQ(RmxRegisterTree(joined, Below("app"), 0, NULL), ERROR_SUCCESS);
  RMX_HOLDER_LIST *list = NULL;
  CHECK_EQ(RmxGetHolders(joined, &list), ERROR_SESSION_CREDENTIAL_CONFLICT);
  CHECK(list == NULL);
  CHECK_EQ(List(session).count, 1);
  CHECK_EQ(RmEndSession(session), ERROR_SUCCESS);
  CHECK_EQ(RmxRegisterTree(joined, Below("app"), 0, NULL), ERROR_INVALID_HANDLE);
  CHECK_EQ(RmEndSession(joined), ERROR_SUCCESS);
}

static void HoldersAreToldOneByOne(void) {
  char path[PATH_MAX];
  snprintf(path, sizeof path, "%s", NewFile("library"));
  const struct Child *child = StartHolder(path, kLeaves);
  const DWORD session = SessionWith(path);
  RMX_HOLDER_LIST *list = NULL;
  CHECK_EQ(RmxGetHolders(session, NULL), ERROR_BAD_ARGUMENTS);
  CHECK_EQ(RmxGetHolders(session + 1, &list), ERROR_INVALID_HANDLE);
  CHECK_EQ(RmxGetHolders(session, &list), ERROR_SUCCESS);
  CHECK(list && list->cbSize == sizeof *list && list->cbHolder == sizeof(RMX_HOLDER));
  CHECK(list && list->nHolders == 1);
  if (list && list->nHolders == 1) {
    const RMX_HOLDER *holder = list->rgHolders;
    CHECK(memcmp(&holder->Process, &child->id, sizeof child->id) == 0);
    CHECK_EQ(holder->Kind, RmxHoldDescriptor);
    CHECK(holder->nDescriptor > 2);
    CHECK(!holder->bPreviousContent);
    CHECK(strcmp(holder->szPath, path) == 0);
    CHECK(strcmp(holder->szRegistered, path) == 0);
    CHECK(strcmp(holder->szName, "abi_test") == 0);
    CHECK(strstr(holder->szExecutable, "/abi_test") != NULL);
  }
  RmxFree(list);
  CHECK_EQ(RmEndSession(session), ERROR_SUCCESS);
  CHECK_EQ(RmxGetHolders(session, &list), ERROR_INVALID_HANDLE);
}

/* The caller holds it, too: a fact like any other. */
static void TheCallerIsAHolderAsWell(void) {
  const char *path = NewFile("library");
  FILE *mine = fopen(path, "r");
  const DWORD session = SessionWith(path);
  RMX_HOLDER_LIST *list = NULL;
  CHECK_EQ(RmxGetHolders(session, &list), ERROR_SUCCESS);
  CHECK(list && list->nHolders == 1);
  if (list && list->nHolders == 1) CHECK_EQ(list->rgHolders[0].Process.dwProcessId, getpid());
  RmxFree(list);
  fclose(mine);
  CHECK_EQ(RmEndSession(session), ERROR_SUCCESS);
}

static void NoHold(const RMX_EVENT *event, void *holds) {
  if (event->Kind == RmxEventHold) ++*(int *)holds;
}

/* Its standard input is a pipe that nobody can give it again. */
static struct Child *StartReader(const char *path) {
  int ends[2];
  const int mine = dup(STDIN_FILENO);
  CHECK(mine >= 0 && pipe2(ends, O_CLOEXEC) == 0 && dup2(ends[0], STDIN_FILENO) == STDIN_FILENO);
  struct Child *child = StartHolder(path, kLeaves);
  dup2(mine, STDIN_FILENO);
  close(mine);
  close(ends[0]);
  close(ends[1]);
  return child;
}

static void WithoutTheGuardNothingHoldsAndAllComesBack(void) {
  if (!ChildrenAreAppsOfTheirOwn()) return;
  const char *path = NewFile("library");
  struct Child *child = StartReader(path);
  const DWORD session = SessionWith(path);
  int holds = 0;
  CHECK_EQ(RmxSetOption(session, RmxOptionGuard, 2), ERROR_BAD_ARGUMENTS);
  CHECK_EQ(RmxSetOption(session, RmxOptionGuard, 0), ERROR_SUCCESS);
  CHECK_EQ(RmxSetOption(session, RmxOptionRelaunch, 1), ERROR_SUCCESS);
  CHECK_EQ(RmxSetObserver(session, NoHold, &holds), ERROR_SUCCESS);
  CHECK_EQ(RmShutdown(session, 0, NULL), ERROR_SUCCESS);
  CHECK(IsAlive(child));
  CHECK_EQ(RmRegisterResources(session, 0, NULL, 1, &child->id, 0, NULL), ERROR_SUCCESS);
  CHECK_EQ(RmShutdown(session, 0, NULL), ERROR_SUCCESS);
  CHECK(!IsAlive(child));
  CHECK_EQ(holds, 0);
  CHECK_EQ(RmRestart(session, 0, NULL), ERROR_SUCCESS);
  CHECK_EQ(RmEndSession(session), ERROR_SUCCESS);
}

const struct Test kTreeTests[] = {
    {"WhoHoldsAFileBelowIsFoundAndNoDirectoryIsInTheWay",
     WhoHoldsAFileBelowIsFoundAndNoDirectoryIsInTheWay},
    {"FilesThatComeLaterCount", FilesThatComeLaterCount},
    {"WhatWasThereIsRememberedWhereverItWent", WhatWasThereIsRememberedWhereverItWent},
    {"ATreeThatDoesNotExistYetMayBeRegistered", ATreeThatDoesNotExistYetMayBeRegistered},
    {"LinksOutOfTheTreeAreNotFollowed", LinksOutOfTheTreeAreNotFollowed},
    {"WhatIsNoTreeIsRefused", WhatIsNoTreeIsRefused},
    {"WhatMayNotBeLookedIntoIsNamed", WhatMayNotBeLookedIntoIsNamed},
    {"WhoJoinedMayRegisterATreeAndNotAskForHolders", WhoJoinedMayRegisterATreeAndNotAskForHolders},
    {"HoldersAreToldOneByOne", HoldersAreToldOneByOne},
    {"TheCallerIsAHolderAsWell", TheCallerIsAHolderAsWell},
    {"WithoutTheGuardNothingHoldsAndAllComesBack", WithoutTheGuardNothingHoldsAndAllComesBack},
    {NULL, NULL},
};
