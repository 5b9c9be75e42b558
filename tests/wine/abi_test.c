/* Does Rstrtmgr.dll do what Windows' does? contract by item, in one program; each check that fails
 * is told.
 *
 *   abi_test HOLDER.EXE   (the GUI program; its console twin is HOLDER-console.EXE beside it)
 * Started again by itself:  abi_test join KEY FILE    abi_test start KEYFILE FILE */
#include "program.h"

static int failed, checks;
static wchar_t holder_gui[MAX_PATH], holder_console[MAX_PATH], work[MAX_PATH], self[MAX_PATH];

static void CheckAt(int line, const char *what, long long got, long long want) {
  ++checks;
  if (got == want) return;
  ++failed;
  printf("abi_test.c:%d: %s is %lld (0x%llx), not %lld\n", line, what, got, got, want);
  fflush(stdout);
}
#define CHECK_EQ(got, want) CheckAt(__LINE__, #got, (long long)(got), (long long)(want))
#define CHECK(condition) CheckAt(__LINE__, #condition, !!(condition), 1)

struct Holder {
  PROCESS_INFORMATION process;
  wchar_t log[MAX_PATH];
  RM_UNIQUE_PROCESS id;
};

static wchar_t *PathOf(wchar_t *path, const wchar_t *name) {
  swprintf(path, MAX_PATH, L"%ls\\%ls", work, name);
  return path;
}

static const wchar_t *NewFile(const wchar_t *name) {
  static wchar_t paths[8][MAX_PATH];
  static int next;
  wchar_t *path = PathOf(paths[next++ % 8], name);
  CloseHandle(CreateFileW(path, GENERIC_WRITE, 7, NULL, CREATE_ALWAYS, 0, NULL));
  return path;
}

static void ReadLog(const struct Holder *holder, char *text, size_t size) {
  HANDLE file = CreateFileW(holder->log, GENERIC_READ, 7, NULL, OPEN_EXISTING, 0, NULL);
  DWORD got = 0;
  text[0] = 0;
  if (file == INVALID_HANDLE_VALUE) return;
  ReadFile(file, text, (DWORD)size - 1, &got, NULL);
  text[got] = 0;
  CloseHandle(file);
}

/* Returns when it holds the file. */
static struct Holder StartHolder(const wchar_t *program, const wchar_t *file, const wchar_t *words,
                                 DWORD flags) {
  static int number;
  struct Holder holder = {0};
  wchar_t name[64], line[2048];
  swprintf(name, 64, L"log%lu-%d.txt", GetCurrentProcessId(), ++number);
  PathOf(holder.log, name);
  DeleteFileW(holder.log);
  swprintf(line, 2048, L"\"%ls\" \"%ls\" \"%ls\" %ls", program, file, holder.log, words);
  STARTUPINFOW startup = {0};
  startup.cb = sizeof startup;
  CHECK(CreateProcessW(program, line, NULL, NULL, FALSE, flags, NULL, NULL, &startup,
                       &holder.process));
  holder.id = UniqueOf(holder.process.hProcess);
  for (char text[4096];;) {
    ReadLog(&holder, text, sizeof text);
    if (strstr(text, "ready") || WaitForSingleObject(holder.process.hProcess, 20) == WAIT_OBJECT_0)
      break;
  }
  return holder;
}

static int IsUp(const struct Holder *holder) {
  return WaitForSingleObject(holder->process.hProcess, 0) == WAIT_TIMEOUT;
}

static DWORD ExitCode(const struct Holder *holder) {
  DWORD code = 0;
  GetExitCodeProcess(holder->process.hProcess, &code);
  return code;
}

static void EndHolder(struct Holder *holder) {
  TerminateProcess(holder->process.hProcess, 77);
  WaitForSingleObject(holder->process.hProcess, 20000);
  CloseHandle(holder->process.hProcess);
  CloseHandle(holder->process.hThread);
}

static DWORD Start(WCHAR *key) {
  static WCHAR own[CCH_RM_SESSION_KEY + 1];
  DWORD session = 0xFFFFFFFF;
  CHECK_EQ(RmStartSession(&session, 0, key ? key : own), 0);
  return session;
}

static DWORD With(const wchar_t *file) {
  const DWORD session = Start(NULL);
  LPCWSTR files[] = {file};
  CHECK_EQ(RmRegisterResources(session, 1, files, 0, NULL, 0, NULL), 0);
  return session;
}

struct Listed {
  DWORD code, reasons;
  UINT needed, count;
  RM_PROCESS_INFO apps[16];
};

static struct Listed List(DWORD session) {
  struct Listed list = {0};
  list.reasons = 0xAAAA;
  list.count = 16;
  list.code = RmGetList(session, &list.needed, &list.count, list.apps, &list.reasons);
  return list;
}

static int StatusOf(DWORD session, const struct Holder *holder) {
  const struct Listed list = List(session);
  for (UINT i = 0; i < list.count; ++i)
    if (list.apps[i].Process.dwProcessId == holder->id.dwProcessId)
      return (int)list.apps[i].AppStatus;
  return -1;
}

static void Layout(void) {
  CHECK_EQ(sizeof(RM_UNIQUE_PROCESS), 12);
  CHECK_EQ(sizeof(RM_PROCESS_INFO), 668);
  CHECK_EQ(sizeof(RM_FILTER_INFO), sizeof(void *) == 8 ? 32 : 24);
  CHECK_EQ(offsetof(RM_FILTER_INFO, strFilename), sizeof(void *) == 8 ? 16 : 12);
}

static void Sessions(void) {
  DWORD session = 7, other, sessions[64];
  WCHAR key[CCH_RM_SESSION_KEY + 1], unknown[] = L"00000000000000000000000000000000";
  CHECK_EQ(RmStartSession(NULL, 0, key), ERROR_BAD_ARGUMENTS);
  CHECK_EQ(RmStartSession(&session, 0, NULL), ERROR_BAD_ARGUMENTS);
  CHECK_EQ(RmStartSession(&session, 1, key), ERROR_BAD_ARGUMENTS);
  wmemset(key, L'x', 33);
  CHECK_EQ(RmStartSession(&session, 0, key), 0);
  CHECK_EQ(session, 0); /* the first handle of a process */
  CHECK_EQ(wcslen(key), 32);
  CHECK_EQ(wcsspn(key, L"0123456789abcdefABCDEF"), 32);
  CHECK_EQ(RmJoinSession(&other, NULL), ERROR_BAD_ARGUMENTS);
  CHECK_EQ(RmJoinSession(NULL, key), ERROR_BAD_ARGUMENTS);
  CHECK_EQ(RmJoinSession(&other, unknown), ERROR_SESSION_CREDENTIAL_CONFLICT);
  CHECK_EQ(RmJoinSession(&other, L"no key"), ERROR_SESSION_CREDENTIAL_CONFLICT);
  CHECK_EQ(RmJoinSession(&other, key), 0);
  CHECK(other != session);
  UINT needed, count = 0;
  DWORD reasons, size;
  CHECK_EQ(RmGetList(other, &needed, &count, NULL, &reasons), ERROR_SESSION_CREDENTIAL_CONFLICT);
  CHECK_EQ(RmShutdown(other, 0, NULL), ERROR_SESSION_CREDENTIAL_CONFLICT);
  CHECK_EQ(RmRestart(other, 0, NULL), ERROR_SESSION_CREDENTIAL_CONFLICT);
  CHECK_EQ(RmCancelCurrentTask(other), ERROR_SESSION_CREDENTIAL_CONFLICT);
  CHECK_EQ(RmAddFilter(other, L"C:\\x.exe", NULL, NULL, RmNoRestart),
           ERROR_SESSION_CREDENTIAL_CONFLICT);
  CHECK_EQ(RmGetFilterList(other, NULL, 0, &size), ERROR_SESSION_CREDENTIAL_CONFLICT);
  CHECK_EQ(RmEndSession(other), 0);
  CHECK_EQ(RmRestart(session, 0, NULL), ERROR_REQUEST_OUT_OF_SEQUENCE);
  CHECK_EQ(RmShutdown(session, 2, NULL), ERROR_BAD_ARGUMENTS);
  CHECK_EQ(RmShutdown(session, 0, NULL), 0);
  CHECK_EQ(RmRestart(session, 1, NULL), ERROR_BAD_ARGUMENTS);
  CHECK_EQ(RmRestart(session, 0, NULL), 0);
  CHECK_EQ(RmEndSession(session), 0);
  CHECK_EQ(RmEndSession(session), ERROR_INVALID_HANDLE);
  SetLastError(0);
  CHECK_EQ(RmGetList(session, &needed, &count, NULL, &reasons), ERROR_INVALID_HANDLE);
  CHECK_EQ(GetLastError(), ERROR_INVALID_HANDLE);
  CHECK_EQ(RmJoinSession(&other, key), ERROR_SESSION_CREDENTIAL_CONFLICT);
  for (int i = 0; i < 70; ++i) CHECK_EQ(RmEndSession(Start(NULL)), 0);
  for (int i = 0; i < 64; ++i) CHECK_EQ(RmStartSession(&sessions[i], 0, key), 0);
  CHECK_EQ(RmStartSession(&other, 0, key), ERROR_MAX_SESSIONS_REACHED);
  for (int i = 0; i < 64; ++i) CHECK_EQ(RmEndSession(sessions[i]), 0);
}

static void Registry(void) {
  WCHAR key[33];
  const DWORD session = Start(key);
  LPCWSTR files[] = {NewFile(L"reg-a.txt"), NewFile(L"reg-b.txt")}, services[] = {L"Spooler"};
  RM_UNIQUE_PROCESS process = UniqueOf(GetCurrentProcess());
  CHECK_EQ(RmRegisterResources(session, 2, files, 1, &process, 1, services), 0);
  BYTE bytes[4096];
  WCHAR text[2048], line[64];
  DWORD size = sizeof bytes;
  const WCHAR *path = L"Software\\Microsoft\\RestartManager\\Session0000";
  CHECK_EQ(RegGetValueW(HKEY_CURRENT_USER, path, L"Owner", RRF_RT_REG_BINARY, NULL, bytes, &size),
           0);
  CHECK_EQ(size, 12);
  CHECK_EQ(memcmp(bytes, &process, 12), 0);
  size = sizeof bytes;
  CHECK_EQ(
      RegGetValueW(HKEY_CURRENT_USER, path, L"SessionHash", RRF_RT_REG_BINARY, NULL, bytes, &size),
      0);
  CHECK_EQ(size, 32);
  size = sizeof bytes;
  CHECK_EQ(RegGetValueW(HKEY_CURRENT_USER, path, L"Sequence", RRF_RT_REG_DWORD, NULL, bytes, &size),
           0);
  CHECK_EQ(*(DWORD *)bytes, 2);
  size = sizeof text;
  CHECK_EQ(RegGetValueW(HKEY_CURRENT_USER, path, L"RegFiles0000", RRF_RT_REG_MULTI_SZ, NULL, text,
                        &size),
           0);
  CHECK_EQ(wcscmp(text, files[0]), 0);
  CHECK_EQ(wcscmp(text + wcslen(text) + 1, files[1]), 0);
  size = sizeof text;
  CHECK_EQ(RegGetValueW(HKEY_CURRENT_USER, path, L"RegProcs0000", RRF_RT_REG_MULTI_SZ, NULL, text,
                        &size),
           0);
  swprintf(line, 64, L"%08lx:%08lx:%08lx", process.dwProcessId,
           process.ProcessStartTime.dwHighDateTime, process.ProcessStartTime.dwLowDateTime);
  CHECK_EQ(wcscmp(text, line), 0);
  size = sizeof text;
  CHECK_EQ(
      RegGetValueW(HKEY_CURRENT_USER, path, L"RegSvcs0000", RRF_RT_REG_MULTI_SZ, NULL, text, &size),
      0);
  CHECK_EQ(wcscmp(text, L"Spooler"), 0);
  CHECK_EQ(RmEndSession(session), 0);
  CHECK_EQ(RegGetValueW(HKEY_CURRENT_USER, path, L"Owner", RRF_RT_ANY, NULL, NULL, NULL),
           ERROR_FILE_NOT_FOUND);
}

static void Resources(void) {
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

/* The recording of Windows 11, line by line. */
static void Recording(void) {
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

static void Lists(void) {
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

  struct Holder hidden = StartHolder(holder_gui, file, L"hidden", 0);
  struct Holder silent = StartHolder(holder_gui, file, L"silent", 0);
  struct Holder console = StartHolder(holder_console, file, L"console", CREATE_NEW_CONSOLE);
  struct Holder place = StartHolder(holder_gui, work, L"dir", 0);
  session = With(file);
  list = List(session);
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
  CHECK(needed > 4);
  CHECK(reasons & RmRebootReasonDetectedSelf);
  CHECK_EQ(RmShutdown(session, RmForceShutdown, NULL), ERROR_FAIL_NOACTION_REBOOT);
  CHECK(IsUp(&hidden) && IsUp(&silent) && IsUp(&console));
  RmEndSession(session);

  session = Start(NULL);
  RM_UNIQUE_PROCESS own = UniqueOf(GetCurrentProcess()), stale = own;
  --stale.ProcessStartTime.dwLowDateTime;
  CHECK_EQ(RmRegisterResources(session, 0, NULL, 1, &stale, 0, NULL), 0);
  CHECK_EQ(List(session).count, 0);
  CHECK_EQ(RmRegisterResources(session, 0, NULL, 1, &own, 0, NULL), 0);
  list = List(session);
  CHECK_EQ(list.count, 1);
  CHECK_EQ(list.apps[0].ApplicationType, RmCritical);
  CHECK_EQ(list.reasons, RmRebootReasonDetectedSelf);
  CHECK_EQ(RmAddFilter(session, NULL, &own, NULL, RmNoShutdown), 0);
  CHECK_EQ(List(session).reasons, 0);
  CHECK_EQ(RmShutdown(session, RmForceShutdown, NULL), 0);
  RmEndSession(session);
  EndHolder(&hidden);
  EndHolder(&silent);
  EndHolder(&console);
  EndHolder(&place);
}

static UINT percents[128];
static int percent_count;
static void OnPercent(UINT percent) { percents[percent_count++] = percent; }
static void WINAPI OnPercentStdcall(UINT percent) { percents[percent_count++] = percent; }

static void Windows(void) {
  const wchar_t *file = NewFile(L"windows.txt");
  char log[4096];
  struct Holder agrees = StartHolder(holder_gui, file, L"shown close", 0);
  DWORD session = With(file);
  percent_count = 0;
  CHECK_EQ(RmShutdown(session, 0, OnPercent), 0);
  CHECK(!IsUp(&agrees));
  CHECK_EQ(ExitCode(&agrees), 4);
  CHECK(percent_count >= 2 && percents[0] == 0 && percents[percent_count - 1] == 100);
  percent_count = 0;
  CHECK_EQ(RmRestart(session, 0, (RM_WRITE_STATUS_CALLBACK)(void *)OnPercentStdcall), 0);
  CHECK_EQ(percents[percent_count - 1], 100);
  /* It runs again, from its own command line, and says so in the same log. */
  const char *again = NULL;
  for (int i = 0; i < 500 && !again; ++i) {
    Sleep(20);
    ReadLog(&agrees, log, sizeof log);
    again = strstr(log, "ready");
    again = again ? strstr(again + 1, "ready") : NULL;
  }
  CHECK(again != NULL);
  if (again) {
    HANDLE next = OpenProcess(PROCESS_TERMINATE | SYNCHRONIZE, FALSE, strtoul(again + 6, NULL, 10));
    CHECK(next != NULL);
    TerminateProcess(next, 0);
    WaitForSingleObject(next, 10000);
    CloseHandle(next);
  }
  CHECK_EQ(StatusOf(session, &agrees), RmStatusStopped | RmStatusRestarted);
  RmEndSession(session);
  EndHolder(&agrees);

  struct Holder refuses = StartHolder(holder_gui, file, L"shown refuse", 0);
  struct Holder twin = StartHolder(holder_gui, file, L"shown", 0);
  session = With(file);
  ULONGLONG begin = GetTickCount64();
  CHECK_EQ(RmShutdown(session, 0, NULL), ERROR_FAIL_SHUTDOWN);
  CHECK(GetTickCount64() - begin < 4000);
  CHECK(IsUp(&refuses) && IsUp(&twin));
  for (int i = 0; i < 100 && !strstr(log, " 0x16 0 0x1\n"); ++i) {
    Sleep(20);
    ReadLog(&refuses, log, sizeof log);
  }
  CHECK(strstr(log, " 0x16 0 0x1\n") != NULL);
  CHECK(StatusOf(session, &refuses) & RmStatusErrorOnStop);
  CHECK_EQ(RmShutdown(session, RmForceShutdown, NULL), 0);
  CHECK(!IsUp(&refuses) && !IsUp(&twin));
  RmEndSession(session);
  EndHolder(&refuses);
  EndHolder(&twin);

  struct Holder hangs = StartHolder(holder_gui, file, L"shown hang", 0);
  session = With(file);
  begin = GetTickCount64();
  CHECK_EQ(RmShutdown(session, 0, NULL), ERROR_FAIL_SHUTDOWN);
  CHECK(GetTickCount64() - begin >= 4900 && IsUp(&hangs));
  RmEndSession(session);
  EndHolder(&hangs);

  struct Holder quits = StartHolder(holder_gui, file, L"shown quit-in-query", 0);
  struct Holder slow = StartHolder(holder_gui, file, L"shown slow", 0);
  session = With(file);
  CHECK_EQ(RmShutdown(session, 0, NULL), 0);
  CHECK_EQ(ExitCode(&quits), 5);
  CHECK_EQ(ExitCode(&slow), 3);
  CHECK_EQ(RmRestart(session, 0, NULL), 0);
  RmEndSession(session);
  EndHolder(&quits);
  EndHolder(&slow);
}

static void Unknowns(void) {
  const wchar_t *file = NewFile(L"unknown.txt");
  struct Holder silent = StartHolder(holder_gui, file, L"silent nopatch", 0);
  struct Holder shown = StartHolder(holder_gui, file, L"shown nopatch", 0);
  const DWORD session = With(file);
  CHECK_EQ(RmShutdown(session, 0, NULL), ERROR_FAIL_SHUTDOWN);
  char log[4096];
  ReadLog(&shown, log, sizeof log);
  CHECK(strstr(log, "0x11") == NULL); /* nobody was asked */
  CHECK_EQ(RmShutdown(session, RmShutdownOnlyRegistered | RmForceShutdown, NULL),
           ERROR_FAIL_SHUTDOWN);
  CHECK(IsUp(&silent) && IsUp(&shown));
  CHECK_EQ(RmShutdown(session, RmForceShutdown, NULL), 0);
  CHECK(!IsUp(&silent) && !IsUp(&shown));
  CHECK_EQ(ExitCode(&silent), 1);
  RmEndSession(session);
  EndHolder(&silent);
  EndHolder(&shown);
}

static void Consoles(void) {
  const wchar_t *file = NewFile(L"console.txt");
  struct Holder console = StartHolder(holder_console, file, L"console nopatch", CREATE_NEW_CONSOLE);
  struct Holder plain = StartHolder(holder_console, file, L"silent nopatch", CREATE_NEW_CONSOLE);
  const DWORD session = With(file);
  CHECK_EQ(RmShutdown(session, 0, NULL), 0);
  char log[4096];
  ReadLog(&console, log, sizeof log);
  CHECK(strstr(log, "event 0\n") != NULL);
  CHECK_EQ(ExitCode(&console), 6);
  CHECK(ExitCode(&plain) == 0xC000013A || ExitCode(&plain) == 0); /* Wine ends it with 0 */
  RmEndSession(session);
  EndHolder(&console);
  EndHolder(&plain);
}

static DWORD cancelled_session;
static void OnBegin(UINT percent) {
  if (percent == 0) CHECK_EQ(RmCancelCurrentTask(cancelled_session), 0);
}

static void Filters(void) {
  const wchar_t *file = NewFile(L"filtered.txt");
  struct Holder masked = StartHolder(holder_gui, file, L"shown", 0);
  struct Holder other = StartHolder(holder_console, file, L"hidden nopatch", DETACHED_PROCESS);
  const DWORD session = With(file);
  RM_FILTER_INFO buffer[64];
  DWORD needed = 9;
  CHECK_EQ(RmGetFilterList(session, NULL, 0, &needed), 0);
  CHECK_EQ(needed, 0);
  CHECK_EQ(RmGetFilterList(session, NULL, 0, NULL), ERROR_MORE_DATA);
  CHECK_EQ(RmAddFilter(session, holder_gui, NULL, L"x", RmNoRestart), ERROR_BAD_ARGUMENTS);
  CHECK_EQ(RmAddFilter(session, holder_gui, NULL, NULL, RmInvalidFilterAction),
           ERROR_BAD_ARGUMENTS);
  wchar_t upper[MAX_PATH];
  wcscpy(upper, holder_gui);
  CharUpperW(upper);
  CHECK_EQ(RmAddFilter(session, upper, NULL, NULL, RmNoShutdown), 0);
  CHECK_EQ(RmAddFilter(session, NULL, NULL, L"Spooler", RmNoRestart), 0);
  CHECK_EQ(RmAddFilter(session, NULL, &other.id, NULL, RmNoRestart), 0);
  CHECK_EQ(RmGetFilterList(session, NULL, 0, &needed), ERROR_MORE_DATA);
  CHECK_EQ(RmGetFilterList(session, (PBYTE)buffer, sizeof buffer, &needed), 0);
  const RM_FILTER_INFO *filter = buffer;
  CHECK_EQ(filter->FilterTrigger, RmFilterTriggerFile);
  CHECK_EQ(wcscmp(filter->strFilename, upper), 0);
  filter = (const RM_FILTER_INFO *)((const BYTE *)filter + filter->cbNextOffset);
  CHECK_EQ(wcscmp(filter->strServiceShortName, L"Spooler"), 0);
  filter = (const RM_FILTER_INFO *)((const BYTE *)filter + filter->cbNextOffset);
  CHECK_EQ(memcmp(&filter->Process, &other.id, sizeof other.id), 0);
  CHECK_EQ(filter->cbNextOffset, 0);
  CHECK_EQ(RmRemoveFilter(session, NULL, NULL, L"Spooler"), 0);
  CHECK_EQ(RmRemoveFilter(session, NULL, NULL, L"Spooler"), ERROR_FILE_NOT_FOUND);
  cancelled_session = session;
  CHECK_EQ(RmShutdown(session, RmForceShutdown, OnBegin), ERROR_CANCELLED);
  CHECK(IsUp(&other));
  CHECK_EQ(RmRestart(session, 0, NULL), 0);
  CHECK_EQ(RmShutdown(session, 0, NULL), 0);
  CHECK(IsUp(&masked) && !IsUp(&other));
  CHECK(StatusOf(session, &masked) & RmStatusShutdownMasked);
  CHECK_EQ(StatusOf(session, &other), RmStatusStopped | RmStatusRestartMasked);
  RmEndSession(session);
  EndHolder(&masked);
  EndHolder(&other);
}

static void Missing(void) {
  const wchar_t *file = NewFile(L"missing.txt");
  wchar_t program[MAX_PATH];
  PathOf(program, L"with blanks in it.exe");
  CHECK(CopyFileW(holder_gui, program, FALSE));
  struct Holder holder = StartHolder(program, file, L"shown", 0);
  const DWORD session = With(file);
  CHECK_EQ(List(session).apps[0].bRestartable, 1);
  CHECK_EQ(RmShutdown(session, 0, NULL), 0);
  CHECK(DeleteFileW(program));
  CHECK_EQ(RmRestart(session, 0, NULL), ERROR_FAIL_RESTART);
  CHECK_EQ(StatusOf(session, &holder), RmStatusStopped | RmStatusErrorOnRestart);
  RmEndSession(session);
  EndHolder(&holder);
}

static DWORD RunSelf(const wchar_t *verb, const wchar_t *first, const wchar_t *second) {
  wchar_t line[2048];
  swprintf(line, 2048, L"\"%ls\" %ls \"%ls\" \"%ls\"", self, verb, first, second);
  STARTUPINFOW startup = {0};
  startup.cb = sizeof startup;
  PROCESS_INFORMATION process;
  DWORD code = 99;
  CHECK(CreateProcessW(self, line, NULL, NULL, FALSE, 0, NULL, NULL, &startup, &process));
  WaitForSingleObject(process.hProcess, 60000);
  GetExitCodeProcess(process.hProcess, &code);
  CloseHandle(process.hProcess);
  CloseHandle(process.hThread);
  return code;
}

static void OtherProcesses(void) {
  const wchar_t *file = NewFile(L"joined.txt");
  struct Holder holder = StartHolder(holder_gui, file, L"shown", 0);
  WCHAR key[33];
  const DWORD session = Start(key);
  CHECK_EQ(RunSelf(L"join", key, file), 0);
  CHECK_EQ(List(session).count, 1);
  RmEndSession(session);
  CHECK_EQ(RunSelf(L"join", key, file), ERROR_SESSION_CREDENTIAL_CONFLICT & 0xFF);

  /* The primary is killed after it has stopped the program: the next session brings it back. */
  CHECK_EQ(RunSelf(L"die", file, L"-"), 42);
  CHECK(!IsUp(&holder));
  RmEndSession(Start(NULL));
  const char *again = NULL;
  char log[4096];
  for (int i = 0; i < 500 && !again; ++i) {
    Sleep(20);
    ReadLog(&holder, log, sizeof log);
    again = strstr(log, "ready");
    again = again ? strstr(again + 1, "ready") : NULL;
  }
  CHECK(again != NULL);
  if (again) {
    HANDLE next = OpenProcess(PROCESS_TERMINATE, FALSE, strtoul(again + 6, NULL, 10));
    TerminateProcess(next, 0);
    CloseHandle(next);
  }
  EndHolder(&holder);
}

static int Join(const wchar_t *key, const wchar_t *file) {
  DWORD session;
  const DWORD joined = RmJoinSession(&session, key);
  if (joined) return joined & 0xFF;
  return RmRegisterResources(session, 1, &file, 0, NULL, 0, NULL) || RmEndSession(session);
}

static int Die(const wchar_t *file) {
  DWORD session;
  WCHAR key[33];
  if (RmStartSession(&session, 0, key) ||
      RmRegisterResources(session, 1, &file, 0, NULL, 0, NULL) || RmShutdown(session, 0, NULL))
    return 1;
  TerminateProcess(GetCurrentProcess(), 42);
  return 2;
}

int wmain(int argc, wchar_t **argv) {
  GetModuleFileNameW(NULL, self, MAX_PATH);
  if (argc == 4 && !wcscmp(argv[1], L"join")) return Join(argv[2], argv[3]);
  if (argc == 4 && !wcscmp(argv[1], L"die")) return Die(argv[2]);
  wcscpy(holder_gui, self);
  wcscpy(wcsrchr(holder_gui, L'\\'), L"\\holder.exe");
  wcscpy(holder_console, self);
  wcscpy(wcsrchr(holder_console, L'\\'), L"\\holder-console.exe");
  GetTempPathW(MAX_PATH, work);
  wcscat(work, L"rm-abi");
  CreateDirectoryW(work, NULL);
  static const struct {
    const char *name;
    void (*run)(void);
  } tests[] = {
      {"Layout", Layout},       {"Sessions", Sessions},   {"Registry", Registry},
      {"Resources", Resources}, {"Recording", Recording}, {"Lists", Lists},
      {"Windows", Windows},     {"Unknowns", Unknowns},   {"Consoles", Consoles},
      {"Filters", Filters},     {"Missing", Missing},     {"OtherProcesses", OtherProcesses}};
  for (size_t i = 0; i < sizeof tests / sizeof *tests; ++i) {
    char name[64] = "";
    if (argc > 1) WideCharToMultiByte(CP_ACP, 0, argv[1], -1, name, 64, NULL, NULL);
    if (*name && strcmp(name, tests[i].name)) continue;
    const int before = failed;
    const ULONGLONG begin = GetTickCount64();
    tests[i].run();
    printf("[%s] %s (%llu ms)\n", before == failed ? "  OK  " : "FAILED", tests[i].name,
           GetTickCount64() - begin);
    fflush(stdout);
  }
  printf("%d checks, %d failed\n", checks, failed);
  return failed != 0;
}
