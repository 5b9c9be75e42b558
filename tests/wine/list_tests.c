#include <tlhelp32.h>

#include "stage.h"

static void ResourcesAreTakenAsOnWindows(void) {
  const DWORD session = Start(NULL);
  LPCWSTR files[] = {L"C:\\not\\there.dll", L"C:\\not\\there.dll"}, directory[] = {work};
  CHECK_EQ(RmRegisterResources(session, 1, NULL, 0, NULL, 0, NULL), ERROR_BAD_ARGUMENTS);
  CHECK_EQ(RmRegisterResources(session, 0, NULL, 1, NULL, 0, NULL), ERROR_BAD_ARGUMENTS);
  CHECK_EQ(RmRegisterResources(session, 0, NULL, 0, NULL, 1, NULL), ERROR_BAD_ARGUMENTS);
  CHECK_EQ(RmRegisterResources(session, 0, files, 0, NULL, 0, NULL), 0);
  CHECK_EQ(RmRegisterResources(session, 2, files, 0, NULL, 0, NULL), 0);
  LPCWSTR many[1000];
  for (int i = 0; i < 1000; ++i) many[i] = files[0];
  CHECK_EQ(RmRegisterResources(session, 1000, many, 0, NULL, 0, NULL), 0);
  struct Listed list = List(session);
  CHECK_EQ(list.code, 0);
  CHECK_EQ(list.needed, 0);
  CHECK_EQ(list.count, 0);
  CHECK_EQ(list.reasons, 0);
  CHECK_EQ(RmRegisterResources(session, 1, directory, 0, NULL, 0, NULL), 0);
  CHECK_EQ(List(session).code, ERROR_ACCESS_DENIED);
  RmEndSession(session);
}

/* contract.md 23.1 */
static void TheRecordingOfWindows11LineByLine(void) {
  const wchar_t *file = NewFile(L"recorded.txt");
  struct Holder holder = StartHolder(holder_console, file, L"hidden nopatch", DETACHED_PROCESS);
  WCHAR key[33];
  DWORD session = Start(key), joined, own_session;
  ProcessIdToSessionId(GetCurrentProcessId(), &own_session);
  CHECK_EQ(RmJoinSession(&joined, key), 0);
  struct Listed list = List(session);
  CHECK_EQ(list.code, 0);
  CHECK_EQ(list.needed, 0);
  CHECK_EQ(list.reasons, 0);
  LPCWSTR files[] = {file};
  CHECK_EQ(RmRegisterResources(session, 1, files, 0, NULL, 0, NULL), 0);
  UINT needed = 0, count = 0;
  DWORD reasons = 99;
  CHECK_EQ(RmGetList(session, &needed, &count, NULL, &reasons), ERROR_MORE_DATA);
  CHECK_EQ(needed, 1);
  CHECK_EQ(count, 0);
  CHECK_EQ(reasons, 0);
  for (int again = 0; again < 2; ++again) {
    list = List(session);
    CHECK_EQ(list.code, 0);
    CHECK_EQ(list.needed, 1);
    CHECK_EQ(list.count, 1);
    CHECK_EQ(memcmp(&list.apps[0].Process, &holder.id, sizeof holder.id), 0);
    CHECK_EQ(wcscmp(list.apps[0].strAppName, wcsrchr(holder_console, L'\\') + 1), 0);
    CHECK_EQ(list.apps[0].strServiceShortName[0], 0);
    CHECK_EQ(list.apps[0].ApplicationType, RmConsole);
    CHECK_EQ(list.apps[0].AppStatus, RmStatusRunning);
    CHECK_EQ(list.apps[0].TSSessionId, own_session);
    CHECK_EQ(list.apps[0].bRestartable, 0);
    CHECK_EQ(RmRegisterResources(session, 0, NULL, 1, &holder.id, 0, NULL), 0);
  }
  CHECK_EQ(RmShutdown(session, 0, NULL), 0);
  char log[4096];
  ReadLog(&holder, log, sizeof log);
  CHECK(strstr(log, " 0x11 0 0x1\n") != NULL);
  CHECK(strstr(log, " 0x16 1 0x1\n") != NULL);
  CHECK(strstr(log, " 0x16 1 0x1\n") > strstr(log, " 0x11 0 0x1\n"));
  CHECK(!IsUp(&holder));
  CHECK_EQ(ExitCode(&holder), 3);
  list = List(session);
  CHECK_EQ(list.code, 0);
  CHECK_EQ(list.count, 1);
  CHECK_EQ(list.apps[0].AppStatus, RmStatusStopped);
  CHECK_EQ(RmRestart(session, 0, NULL), 0);
  CHECK_EQ(List(session).apps[0].AppStatus, RmStatusStopped);
  CHECK_EQ(RmEndSession(session), 0);
  CHECK_EQ(RmEndSession(session), ERROR_INVALID_HANDLE);
  RmEndSession(joined);
  EndHolder(&holder);
}

static void OneThatOpenedItForNobodyElseAndLeaves(void) {
  const wchar_t *file = NewFile(L"listed.txt");
  struct Holder shown = StartHolder(holder_gui, file, L"shown exclusive", 0);
  DWORD session = With(file);
  struct Listed list = List(session);
  CHECK_EQ(list.count, 1);
  CHECK_EQ(list.apps[0].ApplicationType, RmMainWindow);
  EndHolder(&shown);
  list = List(session);
  CHECK_EQ(list.count, 1);
  CHECK_EQ(list.apps[0].AppStatus, RmStatusStoppedOther);
  RmEndSession(session);
}

static void EveryKindOfHolder(void) {
  const wchar_t *file = NewFile(L"kinds.txt");
  struct Holder hidden = StartHolder(holder_gui, file, L"hidden", 0);
  struct Holder silent = StartHolder(holder_gui, file, L"silent", 0);
  struct Holder console = StartHolder(holder_console, file, L"console", CREATE_NEW_CONSOLE);
  struct Holder place = StartHolder(holder_gui, work, L"dir", 0);
  DWORD session = With(file);
  struct Listed list = List(session);
  CHECK_EQ(list.count, 3);
  for (UINT i = 0; i < list.count; ++i) {
    const DWORD pid = list.apps[i].Process.dwProcessId;
    if (pid == hidden.id.dwProcessId) CHECK_EQ(list.apps[i].ApplicationType, RmOtherWindow);
    if (pid == silent.id.dwProcessId) CHECK_EQ(list.apps[i].ApplicationType, RmUnknownApp);
    if (pid == console.id.dwProcessId) CHECK_EQ(list.apps[i].ApplicationType, RmConsole);
  }
  CHECK_EQ(list.apps[0].Process.dwProcessId, hidden.id.dwProcessId); /* the order of stopping */
  RmEndSession(session);

  session = With(holder_gui); /* an image */
  CHECK_EQ(List(session).count, 3);
  RmEndSession(session);
  wchar_t library[MAX_PATH];
  GetSystemDirectoryW(library, MAX_PATH);
  wcscat(library, L"\\kernel32.dll");
  session = With(library);
  UINT needed = 0, count = 0;
  DWORD reasons = 0;
  CHECK_EQ(RmGetList(session, &needed, &count, NULL, &reasons), ERROR_MORE_DATA);
  CHECK(needed > (HoldersHaveOurSize() ? 4 : 0)); /* those of the other size have another one */
  CHECK(reasons & RmRebootReasonDetectedSelf);
  CHECK_EQ(RmShutdown(session, RmForceShutdown, NULL), ERROR_FAIL_NOACTION_REBOOT);
  CHECK(IsUp(&hidden) && IsUp(&silent) && IsUp(&console));
  RmEndSession(session);

  EndHolder(&hidden);
  EndHolder(&silent);
  EndHolder(&console);
  EndHolder(&place);
}

static void TheCallerItselfUnlessItIsMasked(void) {
  const DWORD session = Start(NULL);
  RM_UNIQUE_PROCESS own = UniqueOf(GetCurrentProcess()), stale = own;
  --stale.ProcessStartTime.dwLowDateTime;
  CHECK_EQ(RmRegisterResources(session, 0, NULL, 1, &stale, 0, NULL), 0);
  CHECK_EQ(List(session).count, 0);
  CHECK_EQ(RmRegisterResources(session, 0, NULL, 1, &own, 0, NULL), 0);
  struct Listed list = List(session);
  CHECK_EQ(list.count, 1);
  CHECK_EQ(list.apps[0].ApplicationType, RmCritical);
  CHECK_EQ(list.reasons, RmRebootReasonDetectedSelf);
  CHECK_EQ(RmAddFilter(session, NULL, &own, NULL, RmNoShutdown), 0);
  CHECK_EQ(List(session).reasons, 0);
  CHECK_EQ(RmShutdown(session, RmForceShutdown, NULL), 0);
  RmEndSession(session);
}

/* Nothing but its code is held: it was loaded, and its file has no handle. */
static void AMappedLibrary(void) {
  wchar_t library[MAX_PATH], own[MAX_PATH];
  GetModuleFileNameW(GetModuleHandleW(L"rstrtmgr.dll"), own, MAX_PATH);
  PathOf(library, L"mapped.dll");
  CHECK(CopyFileW(own, library, FALSE));
  struct Holder holder = StartHolder(holder_gui, library, L"library", 0);
  const DWORD session = With(library);
  const struct Listed list = List(session);
  CHECK_EQ(list.count, 1);
  CHECK_EQ(memcmp(&list.apps[0].Process, &holder.id, sizeof holder.id), 0);
  RmEndSession(session);
  EndHolder(&holder);
}

static void TheListGrowsBetweenTheCallsAndTheLoopEnds(void) {
  const wchar_t *file = NewFile(L"grows.txt");
  struct Holder first = StartHolder(holder_gui, file, L"shown", 0);
  const DWORD session = With(file);
  UINT needed = 0, count = 0;
  DWORD reasons = 99;
  CHECK_EQ(RmGetList(session, &needed, &count, NULL, &reasons), ERROR_MORE_DATA);
  CHECK_EQ(needed, 1);
  struct Holder second = StartHolder(holder_gui, file, L"hidden", 0);
  RM_PROCESS_INFO apps[2], untouched[2];
  memset(apps, 0xAB, sizeof apps);
  memcpy(untouched, apps, sizeof apps);
  count = needed;
  CHECK_EQ(RmGetList(session, &needed, &count, apps, &reasons), ERROR_MORE_DATA);
  CHECK_EQ(needed, 2);
  CHECK_EQ(count, 1);
  CHECK_EQ(reasons, 0);
  CHECK_EQ(memcmp(apps, untouched, sizeof apps), 0);
  count = needed;
  CHECK_EQ(RmGetList(session, &needed, &count, apps, &reasons), 0);
  CHECK_EQ(needed, 2);
  CHECK_EQ(count, 2);
  RmEndSession(session);
  EndHolder(&first);
  EndHolder(&second);
}

static DWORD WINAPI LookOften(void *file) {
  const DWORD session = With(file);
  for (int i = 0; i < 20; ++i) {
    const struct Listed list = List(session);
    CHECK_EQ(list.count, 1);
    CHECK_EQ(list.reasons, 0);
  }
  RmEndSession(session);
  return 0;
}

/* Each has the file open for a moment while it looks. */
static void WhoLooksAtTheSameTimeIsNoHolder(void) {
  const wchar_t *file = NewFile(L"looked-at.txt");
  struct Holder holder = StartHolder(holder_gui, file, L"shown", 0);
  HANDLE threads[4];
  for (int i = 0; i < 4; ++i) threads[i] = CreateThread(NULL, 0, LookOften, (void *)file, 0, NULL);
  wchar_t arguments[512];
  swprintf(arguments, 512, L"look \"%ls\" -", file);
  CHECK_EQ(Run(self, arguments), 0);
  WaitForMultipleObjects(4, threads, TRUE, INFINITE);
  for (int i = 0; i < 4; ++i) CloseHandle(threads[i]);
  EndHolder(&holder);
}

int Look(const wchar_t *file) {
  LookOften((void *)file);
  return TellSum();
}

static DWORD PidOfService(const wchar_t *name) {
  SC_HANDLE manager = OpenSCManagerW(NULL, NULL, SC_MANAGER_CONNECT);
  SC_HANDLE service = OpenServiceW(manager, name, SERVICE_QUERY_STATUS | SERVICE_START);
  SERVICE_STATUS_PROCESS status = {0};
  DWORD size;
  StartServiceW(service, 0, NULL);
  for (int i = 0; i < 1000 && status.dwCurrentState != SERVICE_RUNNING; ++i) {
    QueryServiceStatusEx(service, SC_STATUS_PROCESS_INFO, (BYTE *)&status, sizeof status, &size);
    Sleep(20);
  }
  CloseServiceHandle(service);
  CloseServiceHandle(manager);
  return status.dwProcessId;
}

static DWORD PidOfProgram(const wchar_t *name) {
  HANDLE all = CreateToolhelp32Snapshot(TH32CS_SNAPPROCESS, 0);
  PROCESSENTRY32W entry = {.dwSize = sizeof entry};
  DWORD pid = 0;
  for (BOOL more = Process32FirstW(all, &entry); more && !pid; more = Process32NextW(all, &entry))
    if (!_wcsicmp(entry.szExeFile, name)) pid = entry.th32ProcessID;
  CloseHandle(all);
  return pid;
}

static void WhatTheMachineNeedsIsCritical(void) {
  CHECK(PidOfService(L"RpcSs") != 0);
  DWORD session = Start(NULL);
  LPCWSTR services[] = {L"RPCSS"};
  CHECK_EQ(RmRegisterResources(session, 0, NULL, 0, NULL, 1, services), 0);
  struct Listed list = List(session);
  CHECK_EQ(list.count, 1);
  CHECK_EQ(list.apps[0].ApplicationType, RmCritical);
  CHECK_EQ(list.reasons, RmRebootReasonCriticalService);
  CHECK_EQ(RmShutdown(session, RmForceShutdown, NULL), ERROR_FAIL_NOACTION_REBOOT);
  RmEndSession(session);

  HANDLE process =
      OpenProcess(PROCESS_QUERY_LIMITED_INFORMATION, FALSE, PidOfProgram(L"services.exe"));
  RM_UNIQUE_PROCESS manager = UniqueOf(process);
  CloseHandle(process);
  session = Start(NULL);
  CHECK_EQ(RmRegisterResources(session, 0, NULL, 1, &manager, 0, NULL), 0);
  list = List(session);
  CHECK_EQ(list.count, 1);
  CHECK_EQ(list.apps[0].ApplicationType, RmCritical);
  CHECK_EQ(list.reasons, RmRebootReasonCriticalProcess);
  CHECK_EQ(RmShutdown(session, RmForceShutdown, NULL), ERROR_FAIL_NOACTION_REBOOT);
  RmEndSession(session);
}

const struct Test list_tests[] = {
    {"ResourcesAreTakenAsOnWindows", ResourcesAreTakenAsOnWindows},
    {"TheRecordingOfWindows11LineByLine", TheRecordingOfWindows11LineByLine},
    {"OneThatOpenedItForNobodyElseAndLeaves", OneThatOpenedItForNobodyElseAndLeaves},
    {"EveryKindOfHolder", EveryKindOfHolder},
    {"TheCallerItselfUnlessItIsMasked", TheCallerItselfUnlessItIsMasked},
    {"AMappedLibrary", AMappedLibrary},
    {"TheListGrowsBetweenTheCallsAndTheLoopEnds", TheListGrowsBetweenTheCallsAndTheLoopEnds},
    {"WhatTheMachineNeedsIsCritical", WhatTheMachineNeedsIsCritical},
    {"WhoLooksAtTheSameTimeIsNoHolder", WhoLooksAtTheSameTimeIsNoHolder},
    {NULL, NULL}};
