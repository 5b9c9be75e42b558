/* RmxOpenSession: the primary role again, by the key. */
#include <string.h>

#include "check.h"
#include "world.h"

static DWORD Start(char key[33]) {
  DWORD session = ~0u;
  CHECK_EQ(RmxStartSession(&session, NULL, key), ERROR_SUCCESS);
  return session;
}

static void TheKeyGivesThePrimaryRoleAgain(void) {
  char key[33];
  const char *path = NewFile("library");
  StartHolder(path, kLeaves);
  const DWORD first = Start(key);
  DWORD second = ~0u;
  CHECK_EQ(RegisterFile(first, path), ERROR_SUCCESS);
  CHECK_EQ(RmxOpenSession(&second, key), ERROR_SUCCESS);
  CHECK(second != first);
  CHECK_EQ(RmxCloseSession(first), ERROR_SUCCESS);
  CHECK_EQ(List(second).count, 1);
  CHECK_EQ(RmAddFilter(second, NULL, NULL, Wide("nobody"), RmNoRestart), ERROR_SUCCESS);
  CHECK_EQ(RmxSetOption(second, RmxOptionRelaunch, 1), ERROR_SUCCESS);
  CHECK_EQ(RmRestart(second, 0, NULL), ERROR_REQUEST_OUT_OF_SEQUENCE);
  CHECK_EQ(RmEndSession(second), ERROR_SUCCESS);
  CHECK_EQ(RmxOpenSession(&second, key), ERROR_SESSION_CREDENTIAL_CONFLICT);
}

static void WhatOneHandleStoppedAnotherBringsBack(void) {
  if (!ChildrenAreAppsOfTheirOwn()) return;
  char key[33];
  const char *path = NewFile("library");
  struct Child *child = StartHolder(path, kLeaves);
  DWORD session = Start(key);
  CHECK_EQ(RegisterFile(session, path), ERROR_SUCCESS);
  CHECK_EQ(RmShutdown(session, 0, NULL), ERROR_SUCCESS);
  CHECK_EQ(RmxCloseSession(session), ERROR_SUCCESS);
  CHECK(!IsAlive(child));
  CHECK_EQ(RmxOpenSession(&session, key), ERROR_SUCCESS);
  CHECK_EQ(StatusOf(session, child), RmStatusStopped);
  CHECK_EQ(RmRestart(session, 0, NULL), ERROR_SUCCESS);
  CHECK_EQ(RmEndSession(session), ERROR_SUCCESS);
}

static void AKeyOfNoLivingSessionIsRefused(void) {
  char key[33], other[33];
  DWORD handle = 77;
  CHECK_EQ(RmEndSession(Start(key)), ERROR_SUCCESS);
  CHECK_EQ(RmxOpenSession(&handle, key), ERROR_SESSION_CREDENTIAL_CONFLICT);
  const DWORD session = Start(key);
  strcpy(other, key);
  other[31] = other[31] == '0' ? '1' : '0';
  const char *const bad[] = {"", "x", other, "00000000000000000000000000000000", "no key at all"};
  for (size_t i = 0; i < COUNT(bad); ++i)
    CHECK_EQ(RmxOpenSession(&handle, bad[i]), ERROR_SESSION_CREDENTIAL_CONFLICT);
  other[31] = '\0';
  CHECK_EQ(RmxOpenSession(&handle, other), ERROR_SESSION_CREDENTIAL_CONFLICT);
  CHECK_EQ(RmxOpenSession(&handle, NULL), ERROR_BAD_ARGUMENTS);
  CHECK_EQ(RmxOpenSession(NULL, key), ERROR_BAD_ARGUMENTS);
  CHECK_EQ(handle, 77);
  CHECK_EQ(RmEndSession(session), ERROR_SUCCESS);
}

static int OpensItElsewhere(void *key) {
  DWORD session;
  return RmxOpenSession(&session, key) == ERROR_SESSION_CREDENTIAL_CONFLICT ? 0 : 1;
}

static void AnotherUserIsRefused(void) {
  char key[33];
  const DWORD session = Start(key);
  const int status = RunAsNobody(OpensItElsewhere, key);
  if (status == -1)
    Skip("root, to be another user");
  else
    CHECK_EQ(status, 0);
  CHECK_EQ(RmEndSession(session), ERROR_SUCCESS);
}

static void EachHandleCountsUpToTheLimit(void) {
  char key[33];
  const DWORD session = Start(key);
  DWORD handles[64], code = ERROR_SUCCESS;
  int opened = 0;
  while (opened < 64 && (code = RmxOpenSession(&handles[opened], key)) == ERROR_SUCCESS) ++opened;
  CHECK_EQ(opened, 63);
  CHECK_EQ(code, ERROR_MAX_SESSIONS_REACHED);
  while (opened > 0) CHECK_EQ(RmxCloseSession(handles[--opened]), ERROR_SUCCESS);
  CHECK_EQ(RmEndSession(session), ERROR_SUCCESS);
}

const struct Test kOpenTests[] = {
    {"TheKeyGivesThePrimaryRoleAgain", TheKeyGivesThePrimaryRoleAgain},
    {"WhatOneHandleStoppedAnotherBringsBack", WhatOneHandleStoppedAnotherBringsBack},
    {"AKeyOfNoLivingSessionIsRefused", AKeyOfNoLivingSessionIsRefused},
    {"AnotherUserIsRefused", AnotherUserIsRefused},
    {"EachHandleCountsUpToTheLimit", EachHandleCountsUpToTheLimit},
    {NULL, NULL},
};
