#include "stage.h"

static void SizesAndOffsets(void) {
  CHECK_EQ(sizeof(RM_UNIQUE_PROCESS), 12);
  CHECK_EQ(sizeof(RM_PROCESS_INFO), 668);
  CHECK_EQ(sizeof(RM_FILTER_INFO), sizeof(void *) == 8 ? 32 : 24);
  CHECK_EQ(offsetof(RM_FILTER_INFO, strFilename), sizeof(void *) == 8 ? 16 : 12);
}

static void StartJoinEndAndTheirRefusals(void) {
  DWORD session = 7, other;
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
}

static void SeventyInARowSixtyFourAtATime(void) {
  DWORD other, sessions[64];
  WCHAR key[CCH_RM_SESSION_KEY + 1];
  for (int i = 0; i < 70; ++i) CHECK_EQ(RmEndSession(Start(NULL)), 0);
  for (int i = 0; i < 64; ++i) CHECK_EQ(RmStartSession(&sessions[i], 0, key), 0);
  CHECK_EQ(RmStartSession(&other, 0, key), ERROR_MAX_SESSIONS_REACHED);
  for (int i = 0; i < 64; ++i) CHECK_EQ(RmEndSession(sessions[i]), 0);
}

static void TheRegistryIsLaidOutAsOnWindows(void) {
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

const struct Test session_tests[] = {
    {"SizesAndOffsets", SizesAndOffsets},
    {"StartJoinEndAndTheirRefusals", StartJoinEndAndTheirRefusals},
    {"SeventyInARowSixtyFourAtATime", SeventyInARowSixtyFourAtATime},
    {"TheRegistryIsLaidOutAsOnWindows", TheRegistryIsLaidOutAsOnWindows},
    {NULL, NULL}};
