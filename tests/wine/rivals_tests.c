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

enum { kChildren = 60 };
static HANDLE children[kChildren], stopped;

/* Children that inherit what can be inherited at that moment, and stay. */
static DWORD WINAPI StartHeirs(void *unused) {
  (void)unused;
  STARTUPINFOW startup = {0};
  startup.cb = sizeof startup;
  for (int i = 0; i < kChildren && WaitForSingleObject(stopped, 0) == WAIT_TIMEOUT; ++i) {
    wchar_t line[2048];
    PROCESS_INFORMATION process;
    swprintf(line, 2048, L"\"%ls\" - \"%ls\\heir.txt\" silent", holder_gui, work);
    if (!CreateProcessW(holder_gui, line, NULL, NULL, TRUE, 0, NULL, NULL, &startup, &process))
      continue;
    children[i] = process.hProcess;
    CloseHandle(process.hThread);
  }
  return 0;
}

static DWORD WINAPI StopAll(void *session) {
  const DWORD code = RmShutdown((DWORD)(DWORD_PTR)session, 0, NULL);
  SetEvent(stopped);
  return code;
}

/* rm-envoy.exe is asked over a pipe. */
static void AChildThatTheCallerStartsMeanwhileHoldsNothingUp(void) {
  const wchar_t *file = NewFile(L"heirs.txt");
  struct Holder holders[4];
  for (int i = 0; i < 4; ++i)
    holders[i] = StartHolder(holder_console, file, L"console nopatch", CREATE_NEW_CONSOLE);
  const DWORD session = With(file);
  stopped = CreateEventW(NULL, TRUE, FALSE, NULL);
  HANDLE heirs = CreateThread(NULL, 0, StartHeirs, NULL, 0, NULL);
  HANDLE stop = CreateThread(NULL, 0, StopAll, (void *)(DWORD_PTR)session, 0, NULL);
  CHECK_EQ(WaitForSingleObject(stop, 120000), WAIT_OBJECT_0);
  WaitForSingleObject(heirs, INFINITE);
  for (int i = 0; i < kChildren && children[i]; ++i) {
    TerminateProcess(children[i], 77);
    WaitForSingleObject(children[i], 20000);
    CloseHandle(children[i]);
  }
  WaitForSingleObject(stop, INFINITE);
  DWORD code = 99;
  GetExitCodeThread(stop, &code);
  CHECK_EQ(code, 0);
  CloseHandle(heirs);
  CloseHandle(stop);
  CloseHandle(stopped);
  RmEndSession(session);
  for (int i = 0; i < 4; ++i) EndHolder(&holders[i]);
}

static void LookOnce(const wchar_t *file, LONG expected) {
  const DWORD session = With(file);
  CHECK_EQ(List(session).count, expected);
  RmEndSession(session);
}

static void NoHandleIsLeftBehind(void) {
  const wchar_t *file = NewFile(L"counted.txt");
  struct Holder holder = StartHolder(holder_gui, file, L"shown nopatch refuse", 0);
  ULONG_PTR before = 0;
  for (int i = 0; i < 12; ++i) {
    if (i == 2) before = HandlesOfOurs();
    LookOnce(file, 1);
    LookOnce(holder_gui, 1);
    const DWORD session = With(file);
    CHECK_EQ(RmShutdown(session, 0, NULL), ERROR_FAIL_SHUTDOWN);
    RmEndSession(session);
  }
  CHECK(before > 0);
  CHECK(HandlesOfOurs() < before + 10);
  EndHolder(&holder);
}

const struct Test rivals_tests[] = {
    {"AChildThatTheCallerStartsMeanwhileHoldsNothingUp",
     AChildThatTheCallerStartsMeanwhileHoldsNothingUp},
    {"NoHandleIsLeftBehind", NoHandleIsLeftBehind},
    {"WhoEndsWhileItIsLookedAtAsksForNoReboot", WhoEndsWhileItIsLookedAtAsksForNoReboot},
    {"WhatADeadInstallerOwesIsStartedOnceHoweverManyCome",
     WhatADeadInstallerOwesIsStartedOnceHoweverManyCome},
    {"WhoEndsInTheMiddleOfACallEnds", WhoEndsInTheMiddleOfACallEnds},
    {NULL, NULL}};
