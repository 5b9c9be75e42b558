#include "stage.h"

#include <stdarg.h>

wchar_t holder_gui[MAX_PATH], holder_console[MAX_PATH], service_program[MAX_PATH];
wchar_t work[MAX_PATH], self[MAX_PATH];
static LONG failed, checks;

void CheckAt(const char *file, int line, const char *what, long long got, long long want) {
  InterlockedIncrement(&checks);
  if (got == want) return;
  InterlockedIncrement(&failed);
  const char *name = strrchr(file, '/');
  printf("%s:%d: %s is %lld (0x%llx), not %lld\n", name ? name + 1 : file, line, what, got, got,
         want);
  fflush(stdout);
}

void RunTests(const struct Test *tests, const char *only) {
  for (; tests->name; ++tests) {
    if (!strstr(tests->name, only)) continue;
    const LONG before = failed;
    const ULONGLONG begin = GetTickCount64();
    tests->run();
    printf("[%s] %s (%llu ms)\n", before == failed ? "  OK  " : "FAILED", tests->name,
           GetTickCount64() - begin);
    fflush(stdout);
  }
}

int TellSum(void) {
  printf("%ld checks, %ld failed\n", checks, failed);
  return failed != 0 || checks == 0;
}

static void Beside(wchar_t *path, const wchar_t *name) {
  wcscpy(path, self);
  wcscpy(wcsrchr(path, L'\\') + 1, name);
}

void Prepare(void) {
  GetModuleFileNameW(NULL, self, MAX_PATH);
  Beside(holder_gui, L"holder.exe");
  Beside(holder_console, L"holder-console.exe");
  Beside(service_program, L"service.exe");
  GetTempPathW(MAX_PATH, work);
  wcscat(work, L"rm-abi");
  CreateDirectoryW(work, NULL);
}

wchar_t *PathOf(wchar_t *path, const wchar_t *name) {
  swprintf(path, MAX_PATH, L"%ls\\%ls", work, name);
  return path;
}

const wchar_t *NewFile(const wchar_t *name) {
  static wchar_t paths[32][MAX_PATH];
  static int next;
  wchar_t *path = PathOf(paths[next++ % 32], name);
  CloseHandle(CreateFileW(path, GENERIC_WRITE, 7, NULL, CREATE_ALWAYS, 0, NULL));
  return path;
}

void ReadText(const wchar_t *path, char *text, size_t size) {
  HANDLE file = CreateFileW(path, GENERIC_READ, 7, NULL, OPEN_EXISTING, 0, NULL);
  DWORD got = 0;
  text[0] = 0;
  if (file == INVALID_HANDLE_VALUE) return;
  ReadFile(file, text, (DWORD)size - 1, &got, NULL);
  text[got] = 0;
  CloseHandle(file);
}

void ReadLog(const struct Holder *holder, char *text, size_t size) {
  ReadText(holder->log, text, size);
}

struct Holder StartHolder(const wchar_t *program, const wchar_t *file, const wchar_t *words,
                          DWORD flags) {
  static LONG number;
  struct Holder holder = {0};
  wchar_t name[64], line[2048];
  swprintf(name, 64, L"log%lu-%ld.txt", GetCurrentProcessId(), InterlockedIncrement(&number));
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

int HoldersHaveOurSize(void) {
  DWORD type = 0;
  CHECK(GetBinaryTypeW(holder_gui, &type));
  return (type == SCS_32BIT_BINARY) == (sizeof(void *) == 4);
}

int IsUp(const struct Holder *holder) {
  return WaitForSingleObject(holder->process.hProcess, 0) == WAIT_TIMEOUT;
}

DWORD ExitCode(const struct Holder *holder) {
  DWORD code = 0;
  GetExitCodeProcess(holder->process.hProcess, &code);
  return code;
}

void EndHolder(struct Holder *holder) {
  TerminateProcess(holder->process.hProcess, 77);
  WaitForSingleObject(holder->process.hProcess, 20000);
  CloseHandle(holder->process.hProcess);
  CloseHandle(holder->process.hThread);
}

int Says(const struct Holder *holder, const char *text) {
  char log[4096];
  for (int i = 0; i < 1000; ++i) {
    ReadLog(holder, log, sizeof log);
    if (strstr(log, text)) return 1;
    Sleep(20);
  }
  return 0;
}

int EndNext(const struct Holder *holder) {
  char log[4096];
  for (int i = 0; i < 1000; ++i) {
    ReadLog(holder, log, sizeof log);
    const char *again = strstr(log, "ready");
    again = again ? strstr(again + 1, "ready") : NULL;
    if (again && strchr(again, '\n')) {
      HANDLE next =
          OpenProcess(PROCESS_TERMINATE | SYNCHRONIZE, FALSE, strtoul(again + 6, NULL, 10));
      if (!next) return 0;
      TerminateProcess(next, 0);
      WaitForSingleObject(next, 20000);
      CloseHandle(next);
      return 1;
    }
    Sleep(20);
  }
  return 0;
}

DWORD Run(const wchar_t *program, const wchar_t *arguments) {
  wchar_t line[2048];
  swprintf(line, 2048, L"\"%ls\" %ls", program, arguments);
  STARTUPINFOW startup = {0};
  startup.cb = sizeof startup;
  PROCESS_INFORMATION process;
  DWORD code = 99;
  if (!CreateProcessW(program, line, NULL, NULL, FALSE, 0, NULL, NULL, &startup, &process))
    return code;
  WaitForSingleObject(process.hProcess, 300000);
  GetExitCodeProcess(process.hProcess, &code);
  CloseHandle(process.hProcess);
  CloseHandle(process.hThread);
  return code;
}

DWORD Start(WCHAR *key) {
  WCHAR own[CCH_RM_SESSION_KEY + 1];
  DWORD session = 0xFFFFFFFF;
  CHECK_EQ(RmStartSession(&session, 0, key ? key : own), 0);
  return session;
}

DWORD With(const wchar_t *file) {
  const DWORD session = Start(NULL);
  LPCWSTR files[] = {file};
  CHECK_EQ(RmRegisterResources(session, 1, files, 0, NULL, 0, NULL), 0);
  return session;
}

struct Listed List(DWORD session) {
  struct Listed list = {0};
  list.reasons = 0xAAAA;
  list.count = 16;
  list.code = RmGetList(session, &list.needed, &list.count, list.apps, &list.reasons);
  return list;
}

int StatusOf(DWORD session, const struct Holder *holder) {
  const struct Listed list = List(session);
  for (UINT i = 0; i < list.count; ++i)
    if (list.apps[i].Process.dwProcessId == holder->id.dwProcessId)
      return (int)list.apps[i].AppStatus;
  return -1;
}

/* Of the system's table: Wine's GetProcessHandleCount says 0. */
ULONG_PTR HandlesOfOurs(void) {
  struct Entry {
    void *object;
    ULONG_PTR pid, handle;
    ULONG access;
    USHORT trace, type;
    ULONG attributes, reserved;
  };
  static struct {
    ULONG_PTR count, reserved;
    struct Entry entries[100000];
  } table;
  typedef LONG(WINAPI * Query)(int, void *, ULONG, ULONG *);
  const Query query =
      (Query)(void *)GetProcAddress(GetModuleHandleW(L"ntdll.dll"), "NtQuerySystemInformation");
  ULONG_PTR ours = 0;
  CHECK_EQ(query(64, &table, sizeof table, NULL), 0);
  for (ULONG_PTR i = 0; i < table.count; ++i) ours += table.entries[i].pid == GetCurrentProcessId();
  return ours;
}
