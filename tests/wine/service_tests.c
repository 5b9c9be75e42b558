#include "stage.h"

static SC_HANDLE manager;
static wchar_t service_log[MAX_PATH];

static SC_HANDLE MakeService(const wchar_t *name, const wchar_t *file, const wchar_t *needs,
                             const wchar_t *words) {
  wchar_t line[2048], shown[64];
  swprintf(shown, 64, L"Service %ls", name);
  swprintf(line, 2048, L"\"%ls\" %ls \"%ls\" \"%ls\" %ls", service_program, name, file, service_log,
           words);
  SC_HANDLE old = OpenServiceW(manager, name, DELETE);
  if (old) DeleteService(old);
  CloseServiceHandle(old);
  SC_HANDLE service = CreateServiceW(manager, name, shown, SERVICE_ALL_ACCESS,
                                     SERVICE_WIN32_OWN_PROCESS, SERVICE_DEMAND_START,
                                     SERVICE_ERROR_IGNORE, line, NULL, NULL, needs, NULL, NULL);
  CHECK(service != NULL);
  return service;
}

static DWORD StateOf(SC_HANDLE service) {
  SERVICE_STATUS status = {0};
  QueryServiceStatus(service, &status);
  return status.dwCurrentState;
}

static void StartAndWait(SC_HANDLE service) {
  CHECK(StartServiceW(service, 0, NULL));
  for (int i = 0; i < 1000 && StateOf(service) != SERVICE_RUNNING; ++i) Sleep(20);
  CHECK_EQ(StateOf(service), SERVICE_RUNNING);
}

static HANDLE ProcessOf(SC_HANDLE service) {
  SERVICE_STATUS_PROCESS status = {0};
  DWORD size;
  QueryServiceStatusEx(service, SC_STATUS_PROCESS_INFO, (BYTE *)&status, sizeof status, &size);
  return OpenProcess(PROCESS_TERMINATE | SYNCHRONIZE | PROCESS_QUERY_LIMITED_INFORMATION, FALSE,
                     status.dwProcessId);
}

static void Prepared(const wchar_t *log) {
  manager = OpenSCManagerW(NULL, NULL, SC_MANAGER_ALL_ACCESS);
  DeleteFileW(PathOf(service_log, log));
}

static void WhatDependsOnAServiceGoesAndComesWithIt(void) {
  Prepared(L"services.txt");
  const wchar_t *file = NewFile(L"service-file.txt");
  /* Lists of names that end with an empty one. */
  SC_HANDLE base = MakeService(L"RmBase", file, L"\0", L"");
  SC_HANDLE middle = MakeService(L"RmMiddle", L"-", L"RmBase\0", L"");
  SC_HANDLE top = MakeService(L"RmTop", L"-", L"RmMiddle\0", L"");
  SC_HANDLE idle = MakeService(L"RmIdle", L"-", L"RmBase\0", L"");
  StartAndWait(base);
  StartAndWait(middle);
  StartAndWait(top);
  DWORD session = With(file);
  struct Listed list = List(session);
  CHECK_EQ(list.code, 0);
  CHECK_EQ(list.count, 1);
  CHECK_EQ(list.apps[0].ApplicationType, RmService);
  CHECK_EQ(wcscmp(list.apps[0].strAppName, L"Service RmBase"), 0);
  CHECK_EQ(wcscmp(list.apps[0].strServiceShortName, L"RmBase"), 0);
  CHECK_EQ(list.apps[0].bRestartable, 1);
  CHECK_EQ(RmShutdown(session, 0, NULL), 0);
  CHECK_EQ(StateOf(base), SERVICE_STOPPED);
  CHECK_EQ(StateOf(middle), SERVICE_STOPPED);
  CHECK_EQ(StateOf(top), SERVICE_STOPPED);
  CHECK_EQ(List(session).apps[0].AppStatus, RmStatusStopped);
  CHECK(DeleteFileW(file)); /* nobody holds it any more */
  NewFile(L"service-file.txt");
  CHECK_EQ(RmRestart(session, 0, NULL), 0);
  CHECK_EQ(StateOf(base), SERVICE_RUNNING);
  CHECK_EQ(StateOf(middle), SERVICE_RUNNING);
  CHECK_EQ(StateOf(top), SERVICE_RUNNING);
  CHECK_EQ(StateOf(idle), SERVICE_STOPPED);
  RmEndSession(session);
  char log[4096];
  ReadText(service_log, log, sizeof log);
  CHECK_EQ(strcmp(log,
                  "RmBase started\nRmMiddle started\nRmTop started\n"
                  "RmTop asked\nRmTop stopped\nRmMiddle asked\nRmMiddle stopped\n"
                  "RmBase asked\nRmBase stopped\n"
                  "RmBase started\nRmMiddle started\nRmTop started\n"),
           0);

  /* By its name, in any case; one that is stopped, or not there, is not listed. */
  session = Start(NULL);
  LPCWSTR names[] = {L"RMTOP", L"RmIdle", L"NoSuchService"};
  CHECK_EQ(RmRegisterResources(session, 0, NULL, 0, NULL, 3, names), 0);
  list = List(session);
  CHECK_EQ(list.count, 1);
  CHECK_EQ(wcscmp(list.apps[0].strServiceShortName, L"RmTop"), 0);
  CHECK_EQ(RmAddFilter(session, NULL, NULL, L"rmtop", RmNoRestart), 0);
  CHECK_EQ(RmShutdown(session, 0, NULL), 0);
  CHECK_EQ(StateOf(top), SERVICE_STOPPED);
  CHECK_EQ(StateOf(middle), SERVICE_RUNNING);
  CHECK_EQ(RmRestart(session, 0, NULL), 0);
  CHECK_EQ(StateOf(top), SERVICE_STOPPED);
  RmEndSession(session);

  session = With(file);
  CHECK_EQ(RmShutdown(session, 0, NULL), 0);
  RmEndSession(session); /* without RmRestart they stay down */
  CHECK_EQ(StateOf(base), SERVICE_STOPPED);
  CHECK_EQ(StateOf(middle), SERVICE_STOPPED);
  SC_HANDLE all[] = {top, idle, middle, base};
  for (int i = 0; i < 4; ++i) {
    DeleteService(all[i]);
    CloseServiceHandle(all[i]);
  }
  CloseServiceHandle(manager);
}

struct Stubborn {
  const wchar_t *name, *manner;
  DWORD flags, code;
  const wchar_t *needed_by; /* one that stays, while this one would stop */
  SC_HANDLE service, needs_it;
  HANDLE process;
  DWORD session;
};

static DWORD WINAPI ShutDownStubborn(void *parameter) {
  struct Stubborn *stubborn = parameter;
  const ULONGLONG begin = GetTickCount64();
  CHECK_EQ(RmShutdown(stubborn->session, stubborn->flags, NULL), stubborn->code);
  CHECK(GetTickCount64() - begin >= 19900);
  return 0;
}

static void EndService(SC_HANDLE service) {
  HANDLE process = ProcessOf(service);
  TerminateProcess(process, 0);
  CloseHandle(process);
  DeleteService(service);
  CloseServiceHandle(service);
}

/* Side by side: one is left alone, the others are forced. */
static void AServiceHasTwentySeconds(void) {
  struct Stubborn all[] = {
      {.name = L"RmStays", .manner = L"stay", .code = ERROR_FAIL_SHUTDOWN},
      {.name = L"RmForced", .manner = L"stay", .flags = RmForceShutdown},
      {.name = L"RmPends", .manner = L"pending", .flags = RmForceShutdown},
      {.name = L"RmNeeded", .manner = L"", .flags = RmForceShutdown, .needed_by = L"RmNeeds"}};
  enum { kCount = sizeof all / sizeof *all };
  HANDLE threads[kCount];
  Prepared(L"stays.txt");
  for (int i = 0; i < kCount; ++i) {
    const wchar_t *file = NewFile(all[i].name);
    all[i].service = MakeService(all[i].name, file, L"\0", all[i].manner);
    StartAndWait(all[i].service);
    if (all[i].needed_by) {
      wchar_t needs[32] = {0};
      wcscpy(needs, all[i].name);
      all[i].needs_it = MakeService(all[i].needed_by, L"-", needs, L"stay");
      StartAndWait(all[i].needs_it);
    }
    all[i].process = ProcessOf(all[i].service);
    all[i].session = With(file);
  }
  for (int i = 0; i < kCount; ++i)
    threads[i] = CreateThread(NULL, 0, ShutDownStubborn, &all[i], 0, NULL);
  WaitForMultipleObjects(kCount, threads, TRUE, INFINITE);
  for (int i = 0; i < kCount; ++i) {
    const int stopped = all[i].code == 0;
    CHECK_EQ(WaitForSingleObject(all[i].process, 0), stopped ? WAIT_OBJECT_0 : WAIT_TIMEOUT);
    CHECK_EQ(List(all[i].session).apps[0].AppStatus,
             stopped ? RmStatusStopped : RmStatusRunning | RmStatusErrorOnStop);
    if (stopped) CHECK_EQ(RmRestart(all[i].session, 0, NULL), 0);
    SC_HANDLE services[] = {all[i].service, all[i].needs_it};
    for (int k = 0; k < 2 && services[k]; ++k) {
      HANDLE now = ProcessOf(services[k]);
      CHECK_EQ(WaitForSingleObject(now, 0), WAIT_TIMEOUT);
      CloseHandle(now);
      EndService(services[k]);
    }
    RmEndSession(all[i].session);
    TerminateProcess(all[i].process, 0);
    CloseHandle(all[i].process);
    CloseHandle(threads[i]);
  }
  CloseServiceHandle(manager);
}

static ULONGLONG TimeOf(HANDLE process, int end) {
  FILETIME start, exit, other[2];
  GetProcessTimes(process, &start, &exit, &other[0], &other[1]);
  const FILETIME *time = end ? &exit : &start;
  return (ULONGLONG)time->dwHighDateTime << 32 | time->dwLowDateTime;
}

static HANDLE NextOf(const struct Holder *holder) {
  char log[4096];
  for (int i = 0; i < 1000; ++i) {
    ReadLog(holder, log, sizeof log);
    const char *again = strstr(log, "ready");
    again = again ? strstr(again + 1, "ready") : NULL;
    if (again && strchr(again, '\n'))
      return OpenProcess(PROCESS_QUERY_LIMITED_INFORMATION, FALSE, strtoul(again + 6, NULL, 10));
    Sleep(20);
  }
  return NULL;
}

static void WindowsConsolesServicesAndBackTheOtherWayRound(void) {
  Prepared(L"order.txt");
  const wchar_t *file = NewFile(L"order-file.txt");
  SC_HANDLE service = MakeService(L"RmOrder", file, L"\0", L"");
  StartAndWait(service);
  HANDLE process = ProcessOf(service);
  struct Holder console = StartHolder(holder_console, file, L"console", CREATE_NEW_CONSOLE);
  struct Holder shown = StartHolder(holder_gui, file, L"shown", 0);
  const DWORD session = With(file);
  CHECK_EQ(List(session).count, 3);
  CHECK_EQ(RmShutdown(session, 0, NULL), 0);
  const ULONGLONG shown_end = TimeOf(shown.process.hProcess, 1),
                  console_end = TimeOf(console.process.hProcess, 1);
  CHECK(shown_end < console_end);
  CHECK(console_end < TimeOf(process, 1));
  CHECK_EQ(RmRestart(session, 0, NULL), 0);
  HANDLE next[] = {ProcessOf(service), NextOf(&console), NextOf(&shown)};
  CHECK(TimeOf(next[0], 0) < TimeOf(next[1], 0));
  CHECK(TimeOf(next[1], 0) < TimeOf(next[2], 0));
  for (int i = 0; i < 3; ++i) CloseHandle(next[i]);
  CHECK(EndNext(&console));
  CHECK(EndNext(&shown));
  RmEndSession(session);
  EndHolder(&console);
  EndHolder(&shown);
  CloseHandle(process);
  SERVICE_STATUS status;
  ControlService(service, SERVICE_CONTROL_STOP, &status);
  DeleteService(service);
  CloseServiceHandle(service);
  CloseServiceHandle(manager);
}

const struct Test service_tests[] = {
    {"WhatDependsOnAServiceGoesAndComesWithIt", WhatDependsOnAServiceGoesAndComesWithIt},
    {"AServiceHasTwentySeconds", AServiceHasTwentySeconds},
    {"WindowsConsolesServicesAndBackTheOtherWayRound",
     WindowsConsolesServicesAndBackTheOtherWayRound},
    {NULL, NULL}};
