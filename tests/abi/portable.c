/* Is a program for Windows a program for Linux? This file has no #if: it is compiled with mingw-w64
 * against its own headers, and with gcc against ours (portable.sh), and says the same to both. */
#include <restartmanager.h>
#include <stddef.h>
#include <stdint.h>

#define IS(what, value) _Static_assert((what) == (value), #what " is not " #value)
#define AT(type, member, offset) IS(offsetof(type, member), offset)
#define HAS(type, member, size) IS(sizeof(((type *)0)->member), size)

IS(sizeof(WCHAR), 2);
IS(sizeof(DWORD), 4);
IS(sizeof(ULONG), 4);
IS(sizeof(UINT), 4);
IS(sizeof(BOOL), 4);
IS(sizeof(FILETIME), 8);
AT(FILETIME, dwLowDateTime, 0);
AT(FILETIME, dwHighDateTime, 4);

IS(sizeof(RM_UNIQUE_PROCESS), 12);
IS(_Alignof(RM_UNIQUE_PROCESS), 4);
AT(RM_UNIQUE_PROCESS, dwProcessId, 0);
AT(RM_UNIQUE_PROCESS, ProcessStartTime, 4);
HAS(RM_UNIQUE_PROCESS, dwProcessId, 4);
HAS(RM_UNIQUE_PROCESS, ProcessStartTime, 8);

IS(sizeof(RM_PROCESS_INFO), 668);
IS(_Alignof(RM_PROCESS_INFO), 4);
AT(RM_PROCESS_INFO, Process, 0);
AT(RM_PROCESS_INFO, strAppName, 12);
HAS(RM_PROCESS_INFO, strAppName, 512);
AT(RM_PROCESS_INFO, strServiceShortName, 524);
HAS(RM_PROCESS_INFO, strServiceShortName, 128);
AT(RM_PROCESS_INFO, ApplicationType, 652);
HAS(RM_PROCESS_INFO, ApplicationType, 4);
AT(RM_PROCESS_INFO, AppStatus, 656);
HAS(RM_PROCESS_INFO, AppStatus, 4);
AT(RM_PROCESS_INFO, TSSessionId, 660);
HAS(RM_PROCESS_INFO, TSSessionId, 4);
AT(RM_PROCESS_INFO, bRestartable, 664);
HAS(RM_PROCESS_INFO, bRestartable, 4);

/* 32 bytes, and 24 where a pointer has 32 bits. */
IS(sizeof(RM_FILTER_INFO), 16 + 2 * sizeof(void *));
IS(_Alignof(RM_FILTER_INFO), sizeof(void *));
AT(RM_FILTER_INFO, FilterAction, 0);
AT(RM_FILTER_INFO, FilterTrigger, 4);
AT(RM_FILTER_INFO, cbNextOffset, 8);
HAS(RM_FILTER_INFO, FilterAction, 4);
HAS(RM_FILTER_INFO, FilterTrigger, 4);
HAS(RM_FILTER_INFO, cbNextOffset, 4);
AT(RM_FILTER_INFO, strFilename, 8 + sizeof(void *));
AT(RM_FILTER_INFO, Process, 8 + sizeof(void *));
AT(RM_FILTER_INFO, strServiceShortName, 8 + sizeof(void *));
HAS(RM_FILTER_INFO, strFilename, sizeof(void *));
HAS(RM_FILTER_INFO, Process, 12);
HAS(RM_FILTER_INFO, strServiceShortName, sizeof(void *));

IS(sizeof(RM_APP_TYPE), 4);
IS(sizeof(RM_SHUTDOWN_TYPE), 4);
IS(sizeof(RM_APP_STATUS), 4);
IS(sizeof(RM_REBOOT_REASON), 4);
IS(sizeof(RM_FILTER_TRIGGER), 4);
IS(sizeof(RM_FILTER_ACTION), 4);
IS(sizeof(PRM_UNIQUE_PROCESS), sizeof(void *));
IS(sizeof(PRM_PROCESS_INFO), sizeof(void *));
IS(sizeof(PRM_FILTER_INFO), sizeof(void *));

IS(RM_SESSION_KEY_LEN, 16);
IS(CCH_RM_SESSION_KEY, 32);
IS(CCH_RM_MAX_APP_NAME, 255);
IS(CCH_RM_MAX_SVC_NAME, 63);
IS((DWORD)RM_INVALID_TS_SESSION, 0xFFFFFFFF);
IS(RM_INVALID_PROCESS, -1);

IS(RmUnknownApp, 0);
IS(RmMainWindow, 1);
IS(RmOtherWindow, 2);
IS(RmService, 3);
IS(RmExplorer, 4);
IS(RmConsole, 5);
IS(RmCritical, 1000);
IS(RmForceShutdown, 0x1);
IS(RmShutdownOnlyRegistered, 0x10);
IS(RmStatusUnknown, 0x0);
IS(RmStatusRunning, 0x1);
IS(RmStatusStopped, 0x2);
IS(RmStatusStoppedOther, 0x4);
IS(RmStatusRestarted, 0x8);
IS(RmStatusErrorOnStop, 0x10);
IS(RmStatusErrorOnRestart, 0x20);
IS(RmStatusShutdownMasked, 0x40);
IS(RmStatusRestartMasked, 0x80);
IS(RmRebootReasonNone, 0x0);
IS(RmRebootReasonPermissionDenied, 0x1);
IS(RmRebootReasonSessionMismatch, 0x2);
IS(RmRebootReasonCriticalProcess, 0x4);
IS(RmRebootReasonCriticalService, 0x8);
IS(RmRebootReasonDetectedSelf, 0x10);
IS(RmFilterTriggerInvalid, 0);
IS(RmFilterTriggerFile, 1);
IS(RmFilterTriggerProcess, 2);
IS(RmFilterTriggerService, 3);
IS(RmInvalidFilterAction, 0);
IS(RmNoRestart, 1);
IS(RmNoShutdown, 2);

/* 350 to 353 and 776 are not in the winerror.h of mingw-w64 10; main.c has them. */
IS(ERROR_SUCCESS, 0);
IS(ERROR_FILE_NOT_FOUND, 2);
IS(ERROR_ACCESS_DENIED, 5);
IS(ERROR_INVALID_HANDLE, 6);
IS(ERROR_OUTOFMEMORY, 14);
IS(ERROR_WRITE_FAULT, 29);
IS(ERROR_SEM_TIMEOUT, 121);
IS(ERROR_BAD_ARGUMENTS, 160);
IS(ERROR_MORE_DATA, 234);
IS(ERROR_SESSION_CREDENTIAL_CONFLICT, 1219);
IS(ERROR_CANCELLED, 1223);

static void OnPercent(UINT percent) { (void)percent; }

/* Exported by Windows' library, and declared by no header of its. */
DWORD WINAPI RmReserveHeap(uintptr_t bytes);

/* A pointer of exactly the documented type to each function. */
static DWORD(WINAPI *const start)(DWORD *, DWORD, WCHAR[]) = RmStartSession;
static DWORD(WINAPI *const join)(DWORD *, const WCHAR[]) = RmJoinSession;
static DWORD(WINAPI *const end)(DWORD) = RmEndSession;
static DWORD(WINAPI *const register_resources)(DWORD, UINT, LPCWSTR[], UINT, RM_UNIQUE_PROCESS[],
                                               UINT, LPCWSTR[]) = RmRegisterResources;
static DWORD(WINAPI *const get_list)(DWORD, UINT *, UINT *, RM_PROCESS_INFO[], LPDWORD) = RmGetList;
static DWORD(WINAPI *const shut_down)(DWORD, ULONG, RM_WRITE_STATUS_CALLBACK) = RmShutdown;
static DWORD(WINAPI *const restart)(DWORD, DWORD, RM_WRITE_STATUS_CALLBACK) = RmRestart;
static DWORD(WINAPI *const cancel)(DWORD) = RmCancelCurrentTask;
static DWORD(WINAPI *const add_filter)(DWORD, LPCWSTR, RM_UNIQUE_PROCESS *, LPCWSTR,
                                       RM_FILTER_ACTION) = RmAddFilter;
static DWORD(WINAPI *const remove_filter)(DWORD, LPCWSTR, RM_UNIQUE_PROCESS *,
                                          LPCWSTR) = RmRemoveFilter;
static DWORD(WINAPI *const get_filters)(DWORD, PBYTE, DWORD, LPDWORD) = RmGetFilterList;

static DWORD(WINAPI *const reserve_heap)(uintptr_t) = RmReserveHeap;

int main(void) {
  DWORD session, joined, reasons, size = 0;
  UINT needed = 0, count = 1;
  WCHAR key[CCH_RM_SESSION_KEY + 1];
  RM_PROCESS_INFO apps[1];
  RM_FILTER_INFO filters[8];
  LPCWSTR files[] = {L"/not/there"}, services[] = {L"no-such-service"};
  if (reserve_heap(4096) != ERROR_SUCCESS || start(&session, 0, key) != ERROR_SUCCESS) return 1;
  int ok = join(&joined, key) == ERROR_SUCCESS &&
           register_resources(joined, 1, files, 0, NULL, 1, services) == ERROR_SUCCESS &&
           end(joined) == ERROR_SUCCESS &&
           get_list(session, &needed, &count, apps, &reasons) == ERROR_SUCCESS && count == 0 &&
           add_filter(session, L"/bin/x", NULL, NULL, RmNoShutdown) == ERROR_SUCCESS &&
           get_filters(session, (PBYTE)filters, sizeof filters, &size) == ERROR_SUCCESS &&
           filters[0].FilterTrigger == RmFilterTriggerFile && filters[0].strFilename[1] == L'b' &&
           remove_filter(session, L"/bin/x", NULL, NULL) == ERROR_SUCCESS &&
           cancel(session) == ERROR_SUCCESS &&
           shut_down(session, RmForceShutdown, OnPercent) == ERROR_SUCCESS &&
           restart(session, 0, OnPercent) == ERROR_SUCCESS;
  return end(session) == ERROR_SUCCESS && ok ? 0 : 1;
}
