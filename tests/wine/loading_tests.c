/* What is left of the DLL when it was loaded, used, and let go of? Each test has a copy under a
 * name of its own, which nobody else keeps. */
#include <malloc.h>

#include "stage.h"

struct Library {
  HMODULE module;
  DWORD(WINAPI *start)(DWORD *, DWORD, WCHAR *);
  DWORD(WINAPI *take)
  (DWORD, UINT, LPCWSTR *, UINT, RM_UNIQUE_PROCESS *, UINT, LPCWSTR *);
  DWORD(WINAPI *list)(DWORD, UINT *, UINT *, RM_PROCESS_INFO *, DWORD *);
  DWORD(WINAPI *shut_down)(DWORD, ULONG, RM_WRITE_STATUS_CALLBACK);
  DWORD(WINAPI *end)(DWORD);
};

static void CopyAs(wchar_t *path, const wchar_t *name) {
  wchar_t own[MAX_PATH];
  GetModuleFileNameW(GetModuleHandleW(L"rstrtmgr.dll"), own, MAX_PATH);
  CHECK(CopyFileW(own, PathOf(path, name), FALSE));
}

static struct Library Load(const wchar_t *path) {
  struct Library library = {.module = LoadLibraryW(path)};
  CHECK(library.module != NULL);
#define FUNCTION(name) ((void *)GetProcAddress(library.module, name))
  library.start = FUNCTION("RmStartSession");
  library.take = FUNCTION("RmRegisterResources");
  library.list = FUNCTION("RmGetList");
  library.shut_down = FUNCTION("RmShutdown");
  library.end = FUNCTION("RmEndSession");
#undef FUNCTION
  return library;
}

static DWORD WithIn(const struct Library *library, const wchar_t *file) {
  DWORD session = 99;
  WCHAR key[33];
  CHECK_EQ(library->start(&session, 0, key), 0);
  CHECK_EQ(library->take(session, 1, &file, 0, NULL, 0, NULL), 0);
  return session;
}

static DWORD WINAPI UseAndLetGo(void *path) {
  for (int i = 0; i < 5; ++i) {
    const struct Library library = Load(path);
    DWORD session;
    WCHAR key[33];
    CHECK_EQ(library.start(NULL, 0, key), ERROR_BAD_ARGUMENTS); /* a failure is kept */
    CHECK_EQ(library.start(&session, 0, key), 0);
    CHECK_EQ(library.end(session), 0);
    CHECK(FreeLibrary(library.module));
  }
  return 0;
}

/* One after the other, so that each is the last that has it; and side by side. */
static void ThreadsLoadItAndLetGoOfIt(void) {
  enum { kThreads = 4 };
  wchar_t path[MAX_PATH];
  HANDLE threads[kThreads];
  CopyAs(path, L"threads.dll");
  for (int i = 0; i < kThreads; ++i) {
    threads[0] = CreateThread(NULL, 0, UseAndLetGo, path, 0, NULL);
    const DWORD ended = WaitForSingleObject(threads[0], 120000);
    CHECK_EQ(ended, WAIT_OBJECT_0);
    if (ended != WAIT_OBJECT_0)
      TerminateProcess(GetCurrentProcess(), 1); /* nobody can load any more */
    CloseHandle(threads[0]);
    CHECK(GetModuleHandleW(L"threads.dll") == NULL);
  }
  for (int i = 0; i < kThreads; ++i) threads[i] = CreateThread(NULL, 0, UseAndLetGo, path, 0, NULL);
  CHECK_EQ(WaitForMultipleObjects(kThreads, threads, TRUE, 120000), WAIT_OBJECT_0);
  for (int i = 0; i < kThreads; ++i) CloseHandle(threads[i]);
  CHECK(GetModuleHandleW(L"threads.dll") == NULL);
}

/* A window is asked by a thread that the DLL started, and does not answer. */
static void ItStaysUntilTheLastOfItsOwnThreadsEnds(void) {
  wchar_t path[MAX_PATH];
  CopyAs(path, L"asking.dll");
  const wchar_t *file = NewFile(L"let-go.txt");
  struct Holder hangs = StartHolder(holder_gui, file, L"shown hang nopatch", 0);
  const struct Library library = Load(path);
  const DWORD session = WithIn(&library, file);
  CHECK_EQ(library.shut_down(session, 0, NULL), ERROR_FAIL_SHUTDOWN);
  CHECK_EQ(library.end(session), 0);
  CHECK(FreeLibrary(library.module));
  CHECK(GetModuleHandleW(L"asking.dll") != NULL);
  EndHolder(&hangs);
  for (int i = 0; i < 6000 && GetModuleHandleW(L"asking.dll"); ++i) Sleep(20);
  CHECK(GetModuleHandleW(L"asking.dll") == NULL);
}

/* What malloc has given away: the DLL's, too. */
static size_t Allocated(void) {
  size_t sum = 0;
  _HEAPINFO entry = {0};
  while (_heapwalk(&entry) == _HEAPOK)
    if (entry._useflag == _USEDENTRY) sum += entry._size;
  return sum;
}

static void LookIn(const struct Library *library, const wchar_t *file) {
  UINT needed = 0, count = 0;
  DWORD reasons;
  const DWORD session = WithIn(library, file);
  CHECK_EQ(library->list(session, &needed, &count, NULL, &reasons), 0);
  CHECK_EQ(library->end(session), 0);
}

static void LookingManyTimesLeavesNothing(void) {
  enum { kTimes = 50 };
  wchar_t path[MAX_PATH];
  CopyAs(path, L"looking.dll");
  const wchar_t *file = NewFile(L"looked.txt");
  const struct Library library = Load(path);
  size_t bytes = 0;
  ULONG_PTR handles = 0;
  for (int i = 0; i < kTimes + 10; ++i) {
    if (i == 10) bytes = Allocated(), handles = HandlesOfOurs();
    LookIn(&library, file);
  }
  CHECK(bytes > 0);
  const size_t more = Allocated() - bytes;
  const ULONG_PTR more_handles = HandlesOfOurs() - handles;
  printf("  %lu bytes more, %lu handles\n", (unsigned long)more, (unsigned long)more_handles);
  CHECK((long long)more < 16 * kTimes);
  CHECK((long long)more_handles < 10);
  CHECK(FreeLibrary(library.module));
}

static void LoadingItManyTimesLeavesNothing(void) {
  enum { kTimes = 100 };
  wchar_t path[MAX_PATH];
  CopyAs(path, L"loading.dll");
  const wchar_t *file = NewFile(L"loaded.txt");
  size_t bytes = 0;
  ULONG_PTR handles = 0;
  for (int i = 0; i < kTimes + 10; ++i) {
    if (i == 10) bytes = Allocated(), handles = HandlesOfOurs();
    const struct Library library = Load(path);
    LookIn(&library, file);
    CHECK(FreeLibrary(library.module));
  }
  const size_t more = Allocated() - bytes;
  const ULONG_PTR more_handles = HandlesOfOurs() - handles;
  printf("  %lu bytes more, %lu handles\n", (unsigned long)more, (unsigned long)more_handles);
  CHECK((long long)more < 1000 * kTimes);
  /* Of 32 bits the run time of the compiler has two for each thread that loads it. */
  CHECK((long long)more_handles < (sizeof(void *) == 8 ? 0 : 2 * kTimes) + 10);
}

const struct Test loading_tests[] = {
    {"ThreadsLoadItAndLetGoOfIt", ThreadsLoadItAndLetGoOfIt},
    {"ItStaysUntilTheLastOfItsOwnThreadsEnds", ItStaysUntilTheLastOfItsOwnThreadsEnds},
    {"LookingManyTimesLeavesNothing", LookingManyTimesLeavesNothing},
    {"LoadingItManyTimesLeavesNothing", LoadingItManyTimesLeavesNothing},
    {NULL, NULL}};
