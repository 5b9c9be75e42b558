/* Others at the same moment: who ends while it is looked at, who pays at the same time, a program
 * that ends in the middle of a call. */
#include "stage.h"

static const wchar_t *visited;
static LONG visits_over;

/* abi_test visit. Some are there a little longer than others. */
int Visit(const wchar_t *file) {
  if (CreateFileW(file, GENERIC_READ, 7, NULL, OPEN_EXISTING, 0, NULL) == INVALID_HANDLE_VALUE)
    return 1;
  Sleep(GetCurrentProcessId() % 400);
  return 0;
}

static DWORD WINAPI VisitOften(void *unused) {
  (void)unused;
  wchar_t arguments[512];
  swprintf(arguments, 512, L"visit \"%ls\" -", visited);
  while (!InterlockedCompareExchange(&visits_over, 0, 0)) Run(self, arguments);
  return 0;
}

static void WhoEndsWhileItIsLookedAtAsksForNoReboot(void) {
  enum { kVisitors = 3 };
  HANDLE threads[kVisitors];
  DWORD written;
  visited = NewFile(L"visited.exe");
  HANDLE file = CreateFileW(visited, GENERIC_WRITE, 7, NULL, OPEN_EXISTING, 0, NULL);
  WriteFile(file, "MZ", 2, &written, NULL); /* so that everybody's images are looked at */
  CloseHandle(file);
  for (int i = 0; i < kVisitors; ++i) threads[i] = CreateThread(NULL, 0, VisitOften, NULL, 0, NULL);
  for (int i = 0; i < 12; ++i) {
    const DWORD session = With(visited);
    UINT needed = 0, count = 0;
    DWORD reasons = 0;
    RmGetList(session, &needed, &count, NULL, &reasons);
    CHECK_EQ(reasons, 0);
    RmEndSession(session);
  }
  InterlockedExchange(&visits_over, 1);
  WaitForMultipleObjects(kVisitors, threads, TRUE, INFINITE);
  for (int i = 0; i < kVisitors; ++i) CloseHandle(threads[i]);
}

static PROCESS_INFORMATION Launch(const wchar_t *arguments) {
  wchar_t line[2048];
  swprintf(line, 2048, L"\"%ls\" %ls", self, arguments);
  STARTUPINFOW startup = {0};
  startup.cb = sizeof startup;
  PROCESS_INFORMATION process = {0};
  CHECK(CreateProcessW(self, line, NULL, NULL, FALSE, 0, NULL, NULL, &startup, &process));
  return process;
}

/* The exit status; ends one that hangs. */
static DWORD Await(PROCESS_INFORMATION process) {
  DWORD code = 99;
  const DWORD waited = WaitForSingleObject(process.hProcess, 120000);
  CHECK_EQ(waited, WAIT_OBJECT_0);
  if (waited != WAIT_OBJECT_0) TerminateProcess(process.hProcess, 98);
  GetExitCodeProcess(process.hProcess, &code);
  CloseHandle(process.hProcess);
  CloseHandle(process.hThread);
  return code;
}

/* Ends all that were started with this log after the first; how many. */
static int EndOthers(const struct Holder *first) {
  char log[4096];
  int others = 0;
  ReadLog(first, log, sizeof log);
  for (const char *at = log; (at = strstr(at, "ready ")) != NULL; at += 6) {
    const DWORD pid = strtoul(at + 6, NULL, 10);
    if (pid == first->id.dwProcessId) continue;
    HANDLE other = OpenProcess(PROCESS_TERMINATE | SYNCHRONIZE, FALSE, pid);
    ++others;
    if (!other) continue;
    TerminateProcess(other, 77);
    WaitForSingleObject(other, 20000);
    CloseHandle(other);
  }
  return others;
}

static void WhatADeadInstallerOwesIsStartedOnceHoweverManyCome(void) {
  enum { kComing = 4 };
  const wchar_t *file = NewFile(L"paid-once.txt");
  struct Holder holder = StartHolder(holder_gui, file, L"shown", 0);
  wchar_t arguments[512];
  swprintf(arguments, 512, L"die \"%ls\" 100", file);
  CHECK_EQ(Await(Launch(arguments)), 42);
  PROCESS_INFORMATION coming[kComing];
  for (int i = 0; i < kComing; ++i) coming[i] = Launch(L"begin - -");
  for (int i = 0; i < kComing; ++i) CHECK_EQ(Await(coming[i]), 0);
  CHECK(Says(&holder, "\nready "));
  RmEndSession(Start(NULL));
  CHECK_EQ(EndOthers(&holder), 1);
  EndHolder(&holder);
}

static DWORD WINAPI StopForced(void *session) {
  RmShutdown((DWORD)(DWORD_PTR)session, RmForceShutdown, NULL);
  return 0;
}

/* Ends while another of its threads asks one that does not answer: abi_test leave-amid. */
int LeaveAmid(const wchar_t *file, const wchar_t *log) {
  char text[4096] = "";
  const DWORD session = With(file);
  CreateThread(NULL, 0, StopForced, (void *)(DWORD_PTR)session, 0, NULL);
  for (int i = 0; i < 1000 && !strstr(text, " 0x11 "); ++i) {
    ReadText(log, text, sizeof text);
    Sleep(5);
  }
  return strstr(text, " 0x11 ") ? 42 : 1;
}

static void WhoEndsInTheMiddleOfACallEnds(void) {
  for (int i = 0; i < 5; ++i) {
    const wchar_t *file = NewFile(L"amid.txt");
    struct Holder holder = StartHolder(holder_gui, file, L"shown hang nopatch", 0);
    wchar_t arguments[1024];
    swprintf(arguments, 1024, L"leave-amid \"%ls\" \"%ls\"", file, holder.log);
    CHECK_EQ(Await(Launch(arguments)), 42);
    CHECK(IsUp(&holder));
    EndHolder(&holder);
  }
}

const struct Test rivals_tests[] = {
    {"WhoEndsWhileItIsLookedAtAsksForNoReboot", WhoEndsWhileItIsLookedAtAsksForNoReboot},
    {"WhatADeadInstallerOwesIsStartedOnceHoweverManyCome",
     WhatADeadInstallerOwesIsStartedOnceHoweverManyCome},
    {"WhoEndsInTheMiddleOfACallEnds", WhoEndsInTheMiddleOfACallEnds},
    {NULL, NULL}};
