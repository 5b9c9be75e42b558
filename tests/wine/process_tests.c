/* Several processes that call Rstrtmgr.dll: who joins, and who dies in the middle. */
#include "stage.h"

static DWORD RunSelf(const wchar_t *verb, const wchar_t *first, const wchar_t *second) {
  wchar_t arguments[1024];
  swprintf(arguments, 1024, L"%ls \"%ls\" \"%ls\"", verb, first, second);
  return Run(self, arguments);
}

static void AnotherProcessJoinsByTheKey(void) {
  const wchar_t *file = NewFile(L"joined.txt");
  struct Holder holder = StartHolder(holder_gui, file, L"shown nopatch", 0);
  WCHAR key[33];
  const DWORD session = Start(key);
  CHECK_EQ(RunSelf(L"join", key, file), 0);
  CHECK_EQ(List(session).count, 1);
  CHECK_EQ(RmShutdown(session, 0, NULL), 0);
  CHECK(!IsUp(&holder));
  RmEndSession(session);
  CHECK_EQ(RunSelf(L"join", key, file), ERROR_SESSION_CREDENTIAL_CONFLICT & 0xFF);
  EndHolder(&holder);
}

/* Of 64 that a killed installer leaves behind none is in the way, and the first place is used. */
static void WhatADeadInstallerLeftBehindMakesRoom(void) {
  CHECK_EQ(RunSelf(L"leave", L"64", L"-"), 42);
  const DWORD session = Start(NULL);
  const WCHAR *path = L"Software\\Microsoft\\RestartManager\\Session0000";
  RM_UNIQUE_PROCESS owner, own = UniqueOf(GetCurrentProcess());
  DWORD size = sizeof owner;
  CHECK_EQ(RegGetValueW(HKEY_CURRENT_USER, path, L"Owner", RRF_RT_REG_BINARY, NULL, &owner, &size),
           0);
  CHECK_EQ(memcmp(&owner, &own, sizeof own), 0);
  RmEndSession(session);
}

static void KilledAfterStoppingTheNextSessionBringsThemBack(void) {
  const wchar_t *file = NewFile(L"killed.txt");
  struct Holder holder = StartHolder(holder_gui, file, L"shown", 0);
  CHECK_EQ(RunSelf(L"die", file, L"100"), 42);
  CHECK(!IsUp(&holder));
  RmEndSession(Start(NULL));
  CHECK(EndNext(&holder));
  EndHolder(&holder);
}

/* It dies between two classes: the first has left, the second was not asked. */
static void KilledInTheMiddleTheFirstComesBackAndTheSecondHeardNothing(void) {
  const wchar_t *file = NewFile(L"middle.txt");
  struct Holder shown = StartHolder(holder_gui, file, L"shown", 0);
  struct Holder console = StartHolder(holder_console, file, L"console", CREATE_NEW_CONSOLE);
  CHECK_EQ(RunSelf(L"die", file, L"50"), 42);
  CHECK(!IsUp(&shown) && IsUp(&console));
  const DWORD session = With(file);
  CHECK(EndNext(&shown));
  CHECK_EQ(List(session).count, 1);
  char log[4096];
  ReadLog(&console, log, sizeof log);
  CHECK(strstr(log, "event") == NULL);
  CHECK_EQ(RmShutdown(session, 0, NULL), 0);
  RmEndSession(session);
  EndHolder(&shown);
  EndHolder(&console);
}

/* It dies while one does not answer: who had been asked goes on, and can be asked again. */
static void KilledWhileItAsksNobodyHasLeft(void) {
  const wchar_t *file = NewFile(L"asked.txt");
  struct Holder hangs = StartHolder(holder_gui, file, L"shown hang nopatch", 0);
  struct Holder agrees = StartHolder(holder_gui, file, L"shown nopatch", 0);
  wchar_t line[2048];
  swprintf(line, 2048, L"\"%ls\" die \"%ls\" 100", self, file);
  STARTUPINFOW startup = {0};
  startup.cb = sizeof startup;
  PROCESS_INFORMATION installer;
  CHECK(CreateProcessW(self, line, NULL, NULL, FALSE, 0, NULL, NULL, &startup, &installer));
  CHECK(Says(&hangs, " 0x11 ") && Says(&agrees, " 0x11 "));
  TerminateProcess(installer.hProcess, 43);
  CHECK_EQ(WaitForSingleObject(installer.hProcess, 20000), WAIT_OBJECT_0);
  CloseHandle(installer.hProcess);
  CloseHandle(installer.hThread);
  CHECK(IsUp(&hangs) && IsUp(&agrees));
  EndHolder(&hangs);
  const DWORD session = With(file);
  CHECK_EQ(List(session).count, 1);
  CHECK_EQ(RmShutdown(session, 0, NULL), 0);
  CHECK(Says(&agrees, " 0x16 1 0x1\n"));
  CHECK(!IsUp(&agrees));
  RmEndSession(session);
  EndHolder(&agrees);
}

const struct Test process_tests[] = {
    {"AnotherProcessJoinsByTheKey", AnotherProcessJoinsByTheKey},
    {"WhatADeadInstallerLeftBehindMakesRoom", WhatADeadInstallerLeftBehindMakesRoom},
    {"KilledAfterStoppingTheNextSessionBringsThemBack",
     KilledAfterStoppingTheNextSessionBringsThemBack},
    {"KilledInTheMiddleTheFirstComesBackAndTheSecondHeardNothing",
     KilledInTheMiddleTheFirstComesBackAndTheSecondHeardNothing},
    {"KilledWhileItAsksNobodyHasLeft", KilledWhileItAsksNobodyHasLeft},
    {NULL, NULL}};
