/* Those who take their time, side by side: each in a thread and with a session of its own, so that
 * it is over after half a minute. Limits are only checked from below, which holds on a machine of
 * any speed. */
#include "stage.h"

struct Case {
  const wchar_t *manner;
  int console;
  DWORD flags, code;
  ULONGLONG least; /* ms */
  DWORD exit;      /* STILL_ACTIVE: it is up afterwards */
  const char *says[2];
};

static const struct Case kCases[] = {
    /* G6: 30 s to leave. */
    {L"shown slower", 0, 0, 0, 7900, 3, {" 0x16 1 0x1\n"}},
    {L"shown stay", 0, 0, ERROR_FAIL_SHUTDOWN, 29900, STILL_ACTIVE, {" 0x10 0 0x0\n"}},
    /* G4: WM_CLOSE comes to one that is still inside of WM_ENDSESSION. */
    {L"shown pump", 0, 0, 0, 4900, 4, {" 0x16 1 0x1\n", " 0x10 0 0x0\n"}},
    /* G9: no ENDSESSION_CRITICAL; ended after 30 s. */
    {L"shown refuse stay", 0, RmForceShutdown, 0, 29900, 1, {" 0x16 1 0x1\n", " 0x10 0 0x0\n"}},
    {L"shown hang", 0, RmForceShutdown, 0, 29900, 1, {" 0x11 0 0x1\n"}},
    {L"shown two late stay", 0, RmForceShutdown, 0, 29900, 1, {" 0x16 1 0x1\n"}},
    {L"console stay", 1, 0, ERROR_FAIL_SHUTDOWN, 29900, STILL_ACTIVE, {"event 0\n"}},
    {L"console stay", 1, RmForceShutdown, 0, 29900, 1, {"event 0\n"}}};
enum { kCount = sizeof kCases / sizeof *kCases };

static struct Waits {
  const struct Case *how;
  struct Holder holder;
  DWORD session;
} waits[kCount];

static DWORD WINAPI Wait(void *parameter) {
  const struct Waits *wait = parameter;
  const struct Case *how = wait->how;
  const ULONGLONG begin = GetTickCount64();
  const DWORD code = RmShutdown(wait->session, how->flags, NULL);
  const ULONGLONG took = GetTickCount64() - begin;
  CHECK_EQ(code, how->code);
  CHECK(took >= how->least);
  CHECK_EQ(ExitCode(&wait->holder), how->exit);
  for (int i = 0; i < 2 && how->says[i]; ++i) CHECK(Says(&wait->holder, how->says[i]));
  char log[4096];
  ReadLog(&wait->holder, log, sizeof log);
  const char *told = strstr(log, " 0x16 1 "); /* who is told is not asked any more */
  CHECK(!told || strstr(told, " 0x11 ") == NULL);
  printf("  %ls%s: %lu after %llu ms\n", how->manner, how->flags ? ", forced" : "", code, took);
  return 0;
}

static void EachHasItsTime(void) {
  HANDLE threads[kCount];
  for (int i = 0; i < kCount; ++i) {
    wchar_t name[32], words[64];
    swprintf(name, 32, L"patience%d.txt", i);
    swprintf(words, 64, L"%ls nopatch", kCases[i].manner);
    const wchar_t *file = NewFile(name);
    waits[i].how = &kCases[i];
    waits[i].holder = StartHolder(kCases[i].console ? holder_console : holder_gui, file, words,
                                  kCases[i].console ? CREATE_NEW_CONSOLE : 0);
    waits[i].session = With(file);
  }
  for (int i = 0; i < kCount; ++i) threads[i] = CreateThread(NULL, 0, Wait, &waits[i], 0, NULL);
  WaitForMultipleObjects(kCount, threads, TRUE, INFINITE);
  for (int i = 0; i < kCount; ++i) {
    CloseHandle(threads[i]);
    RmEndSession(waits[i].session);
    EndHolder(&waits[i].holder);
  }
}

const struct Test patience_tests[] = {{"EachHasItsTime", EachHasItsTime}, {NULL, NULL}};
