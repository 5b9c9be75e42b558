/* Does Rstrtmgr.dll do what Windows' does? Each test tells its name, and each check that fails.
 *
 *   abi_test [PART OF A NAME]
 * Started by itself:  abi_test join KEY FILE    abi_test leave COUNT -    abi_test die FILE PERCENT
 * abi_test look FILE -    abi_test visit FILE -    abi_test begin - -    abi_test leave-amid FILE
 * LOG */
#include "stage.h"

static int Join(const wchar_t *key, const wchar_t *file) {
  DWORD session;
  const DWORD joined = RmJoinSession(&session, key);
  if (joined) return joined & 0xFF;
  return RmRegisterResources(session, 1, &file, 0, NULL, 0, NULL) || RmEndSession(session);
}

static int Leave(int count) {
  DWORD session;
  WCHAR key[33];
  for (int i = 0; i < count; ++i)
    if (RmStartSession(&session, 0, key)) return 1;
  TerminateProcess(GetCurrentProcess(), 42);
  return 2;
}

static UINT die_at;
static void DieThen(UINT percent) {
  if (percent >= die_at && die_at < 100) TerminateProcess(GetCurrentProcess(), 42);
}

/* In the middle of RmShutdown, or after it. */
static int Die(const wchar_t *file, UINT percent) {
  DWORD session;
  WCHAR key[33];
  die_at = percent;
  if (RmStartSession(&session, 0, key) ||
      RmRegisterResources(session, 1, &file, 0, NULL, 0, NULL) || RmShutdown(session, 0, DieThen))
    return 1;
  TerminateProcess(GetCurrentProcess(), 42);
  return 2;
}

int wmain(int argc, wchar_t **argv) {
  Prepare();
  if (argc == 4 && !wcscmp(argv[1], L"join")) return Join(argv[2], argv[3]);
  if (argc == 4 && !wcscmp(argv[1], L"leave")) return Leave(_wtoi(argv[2]));
  if (argc == 4 && !wcscmp(argv[1], L"die")) return Die(argv[2], (UINT)_wtoi(argv[3]));
  if (argc == 4 && !wcscmp(argv[1], L"look")) return Look(argv[2]);
  if (argc == 4 && !wcscmp(argv[1], L"visit")) return Visit(argv[2]);
  if (argc == 4 && !wcscmp(argv[1], L"begin")) return RmEndSession(Start(NULL)) != 0;
  if (argc == 4 && !wcscmp(argv[1], L"leave-amid")) return LeaveAmid(argv[2], argv[3]);
  char only[64] = "";
  if (argc > 1) WideCharToMultiByte(CP_ACP, 0, argv[1], -1, only, sizeof only, NULL, NULL);
  const struct Test *all[] = {session_tests, list_tests,    stop_tests,          filter_tests,
                              restart_tests, service_tests, process_tests,       rivals_tests,
                              damage_tests,  loading_tests, system_folder_tests, patience_tests};
  for (size_t i = 0; i < sizeof all / sizeof *all; ++i) RunTests(all[i], only);
  return TellSum();
}
