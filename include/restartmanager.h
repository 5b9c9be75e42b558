/* The Restart Manager: who uses the files that are about to change, stop them, bring them back.
 *
 * The C ABI of Windows' Rstrtmgr.dll, natively for Linux: same names, values, struct layouts, codes
 * and order of events. Text is UTF-16 (char16_t); write u"/usr/lib/libfoo.so". A file name that is
 * not UTF-8 is spelled with the lone surrogates U+DC80..U+DCFF, one for each byte that is not.
 *
 * Every function returns one of the ERROR_ codes below and blocks until it is done. None touches
 * its out-parameters when it fails, unless it says so. Calls on one handle are serialised; only
 * RmCancelCurrentTask is meant to be called from another thread while one runs.
 * RmxGetErrorText() (restartmanagerx.h) has a sentence about the calling thread's last failure.
 *
 * Source of the behaviour: Microsoft's documentation of restartmanager.h. Where Linux differs, the
 * function's comment says so. */
#ifndef RESTARTMANAGER_H
#define RESTARTMANAGER_H

#include <stddef.h>
#include <stdint.h>
#ifndef __cplusplus
#include <uchar.h>
#endif

#ifdef __cplusplus
extern "C" {
#endif

typedef uint32_t DWORD;
typedef uint32_t ULONG;
typedef unsigned int UINT;
typedef int BOOL;
typedef char16_t WCHAR;
typedef WCHAR *LPWSTR;
typedef const WCHAR *LPCWSTR;
typedef DWORD *LPDWORD;
typedef unsigned char *PBYTE;

/* 100-nanosecond units since 1601-01-01 UTC. */
typedef struct _FILETIME {
  DWORD dwLowDateTime;
  DWORD dwHighDateTime;
} FILETIME;

#ifndef WINAPI
#define WINAPI
#endif

/* Of enums that are handed in: any 32 bits are a value in C, and in C++ only with this. */
#ifdef __cplusplus
#define RM_ANY_VALUE : uint32_t
#else
#define RM_ANY_VALUE
#endif

/* Unions without a name are older than the standards that have them. */
#ifdef __GNUC__
#define RM_ANONYMOUS __extension__
#else
#define RM_ANONYMOUS
#endif

#define RM_SESSION_KEY_LEN 16   /* bytes in a key */
#define CCH_RM_SESSION_KEY 32   /* characters of a key; the buffer has 33 */
#define CCH_RM_MAX_APP_NAME 255 /* without the NUL */
#define CCH_RM_MAX_SVC_NAME 63  /* without the NUL */
#define RM_INVALID_TS_SESSION ((DWORD)-1)
#define RM_INVALID_PROCESS (-1)

#define ERROR_SUCCESS 0
#define ERROR_FILE_NOT_FOUND 2
#define ERROR_ACCESS_DENIED 5
#define ERROR_INVALID_HANDLE 6
#define ERROR_OUTOFMEMORY 14
#define ERROR_WRITE_FAULT 29
#define ERROR_SEM_TIMEOUT 121
#define ERROR_BAD_ARGUMENTS 160
#define ERROR_MORE_DATA 234
#define ERROR_FAIL_NOACTION_REBOOT 350
#define ERROR_FAIL_SHUTDOWN 351
#define ERROR_FAIL_RESTART 352
#define ERROR_MAX_SESSIONS_REACHED 353
#define ERROR_REQUEST_OUT_OF_SEQUENCE 776
#define ERROR_SESSION_CREDENTIAL_CONFLICT 1219
#define ERROR_CANCELLED 1223

typedef enum _RM_APP_TYPE {
  RmUnknownApp = 0,  /* cannot be asked to leave; only a forced shutdown ends it */
  RmMainWindow = 1,  /* has a visible top-level window */
  RmOtherWindow = 2, /* has windows, none of them a visible top level */
  RmService = 3,     /* a systemd service */
  RmExplorer = 4,    /* the desktop's shell */
  RmConsole = 5,     /* has a terminal, or reacts to SIGTERM */
  RmCritical = 1000  /* cannot be freed without a reboot, or not by this caller */
} RM_APP_TYPE;

typedef enum _RM_SHUTDOWN_TYPE {
  RmForceShutdown = 0x1,          /* end by force who does not leave in time */
  RmShutdownOnlyRegistered = 0x10 /* stop only if everyone can be brought back */
} RM_SHUTDOWN_TYPE;

typedef enum _RM_APP_STATUS {
  RmStatusUnknown = 0x0,
  RmStatusRunning = 0x1,
  RmStatusStopped = 0x2,      /* by the Restart Manager */
  RmStatusStoppedOther = 0x4, /* by something else */
  RmStatusRestarted = 0x8,
  RmStatusErrorOnStop = 0x10,
  RmStatusErrorOnRestart = 0x20,
  RmStatusShutdownMasked = 0x40, /* a filter keeps it from being stopped */
  RmStatusRestartMasked = 0x80   /* a filter keeps it from being restarted */
} RM_APP_STATUS;

typedef enum _RM_REBOOT_REASON {
  RmRebootReasonNone = 0x0,
  RmRebootReasonPermissionDenied = 0x1,
  RmRebootReasonSessionMismatch = 0x2,
  RmRebootReasonCriticalProcess = 0x4,
  RmRebootReasonCriticalService = 0x8,
  RmRebootReasonDetectedSelf = 0x10
} RM_REBOOT_REASON;

typedef enum _RM_FILTER_TRIGGER {
  RmFilterTriggerInvalid = 0,
  RmFilterTriggerFile = 1,
  RmFilterTriggerProcess = 2,
  RmFilterTriggerService = 3
} RM_FILTER_TRIGGER;

typedef enum _RM_FILTER_ACTION RM_ANY_VALUE {
  RmInvalidFilterAction = 0,
  RmNoRestart = 1, /* may be stopped, is not restarted */
  RmNoShutdown = 2 /* neither stopped nor restarted */
} RM_FILTER_ACTION;

/* 12 bytes. A pid and the time that process started; get both from RmxDescribeProcess. */
typedef struct _RM_UNIQUE_PROCESS {
  DWORD dwProcessId;
  FILETIME ProcessStartTime;
} RM_UNIQUE_PROCESS, *PRM_UNIQUE_PROCESS;

/* 668 bytes. */
typedef struct _RM_PROCESS_INFO {
  RM_UNIQUE_PROCESS Process;
  WCHAR strAppName[CCH_RM_MAX_APP_NAME + 1];          /* for people; cut at 255 characters */
  WCHAR strServiceShortName[CCH_RM_MAX_SVC_NAME + 1]; /* unit name without ".service"; cut at 63,
                                                        RmxGetApps has it whole; "" if no service */
  RM_APP_TYPE ApplicationType;
  ULONG AppStatus;   /* RM_APP_STATUS bits */
  DWORD TSSessionId; /* number of the logind session, RM_INVALID_TS_SESSION if none */
  BOOL bRestartable; /* comes back by RmRestart */
} RM_PROCESS_INFO, *PRM_PROCESS_INFO;

/* 32 bytes (24 on 32-bit machines). */
typedef struct _RM_FILTER_INFO {
  RM_FILTER_ACTION FilterAction;
  RM_FILTER_TRIGGER FilterTrigger;
  DWORD cbNextOffset; /* bytes from this record to the next, 0 in the last */
  RM_ANONYMOUS union {
    LPWSTR strFilename; /* points into the buffer that RmGetFilterList filled */
    RM_UNIQUE_PROCESS Process;
    LPWSTR strServiceShortName;
  };
} RM_FILTER_INFO, *PRM_FILTER_INFO;

/* 0..100, strictly increasing within one call; runs in the thread that called RmShutdown or
 * RmRestart. For that session it may call RmCancelCurrentTask; everything else would wait for
 * itself, and gives 121 at once. */
typedef void (*RM_WRITE_STATUS_CALLBACK)(UINT nPercentComplete);

/* Starts a session; the caller is its primary installer. 0 is a valid handle. `strSessionKey` has
 * room for 33 characters and gets 32 hexadecimal digits and a NUL, to hand to RmJoinSession. (It
 * may also hold an 8-bit GUID with dashes, as runtimes with an automatic character set hand over:
 * then the digits are 8-bit too, and RmJoinSession takes that GUID, in 8 bits, for the key as
 * well.) 160 a NULL pointer, or flags that are not 0; 353 64 sessions are open; 29, 121, 14. */
DWORD WINAPI RmStartSession(DWORD *pSessionHandle, DWORD dwSessionFlags, WCHAR strSessionKey[]);

/* Joins a session of the same user as a secondary installer, which may register and end, nothing
 * else (1219). 160 NULL; 1219 no such session; 353, 29, 121, 14. */
DWORD WINAPI RmJoinSession(DWORD *pSessionHandle, const WCHAR strSessionKey[]);

/* Ends the session (primary) or leaves it (secondary). Restarts nothing: what RmShutdown stopped
 * and RmRestart did not bring back stays down. A running operation is cancelled and waited for.
 * 6 no such handle; 29, 121, 14. */
DWORD WINAPI RmEndSession(DWORD dwSessionHandle);

/* Adds files (absolute paths, which need not exist), processes and services to the session. An
 * array may be NULL if its count is 0. There is no way to take one back. What each path is now is
 * remembered: who still runs that content after it was replaced is found too.
 * 160 NULL with a count, a relative path, or text that is no UTF-16; 6; 29, 121, 14. */
DWORD WINAPI RmRegisterResources(DWORD dwSessionHandle, UINT nFiles, LPCWSTR rgsFileNames[],
                                 UINT nApplications, RM_UNIQUE_PROCESS rgApplications[],
                                 UINT nServices, LPCWSTR rgsServiceNames[]);

/* Lists who uses what was registered, in the order of stopping. `*pnProcInfo` is the capacity of
 * `rgAffectedApps` before and the count after the call; `*pnProcInfoNeeded` is always set.
 * 234 the array is too small: needed and the reasons are set, count and array untouched; call
 * again, the set may grow meanwhile. 5 a directory is registered; 1219 for a secondary; 160, 6,
 * 1223, 29, 121, 14. */
DWORD WINAPI RmGetList(DWORD dwSessionHandle, UINT *pnProcInfoNeeded, UINT *pnProcInfo,
                       RM_PROCESS_INFO rgAffectedApps[], LPDWORD lpdwRebootReasons);

/* Stops everyone on the list and returns when they are gone. `lActionFlags`: RM_SHUTDOWN_TYPE bits
 * or 0. `fnStatus` may be NULL. Limits: 30 s for programs, 20 s for services.
 * 350 somebody needs a reboot: nothing was stopped; 351 somebody did not leave, or may not be
 * stopped without force: AppStatus of RmGetList tells who, RmRestart brings back the others;
 * 1223 cancelled; 1219 for a secondary; 160 unknown flags; 6, 29, 121, 14. */
DWORD WINAPI RmShutdown(DWORD dwSessionHandle, ULONG lActionFlags,
                        RM_WRITE_STATUS_CALLBACK fnStatus);

/* Starts what this session stopped, in reverse order, and returns when it runs. `dwRestartFlags`
 * is 0. 352 somebody could not be restarted (AppStatus); 776 before any RmShutdown; 1223; 1219;
 * 160; 6, 29, 121, 14. */
DWORD WINAPI RmRestart(DWORD dwSessionHandle, DWORD dwRestartFlags,
                       RM_WRITE_STATUS_CALLBACK fnStatus);

/* Makes the RmShutdown, RmRestart or RmGetList that runs on this handle in another thread return
 * 1223. Does not wait for it. 0 also when nothing runs; 6; 1219 for a secondary. */
DWORD WINAPI RmCancelCurrentTask(DWORD dwSessionHandle);

/* Excepts users from being restarted (RmNoRestart) or even stopped (RmNoShutdown). Exactly one of:
 * the full path of an executable, a process, a service. A second filter on the same target replaces
 * the first. 160 not exactly one, or another action; 1219 for a secondary; 6, 29, 121, 14. */
DWORD WINAPI RmAddFilter(DWORD dwSessionHandle, LPCWSTR strModuleName, RM_UNIQUE_PROCESS *pProcess,
                         LPCWSTR strServiceShortName, RM_FILTER_ACTION FilterAction);

/* 2 there is no such filter; otherwise as RmAddFilter. */
DWORD WINAPI RmRemoveFilter(DWORD dwSessionHandle, LPCWSTR strModuleName,
                            RM_UNIQUE_PROCESS *pProcess, LPCWSTR strServiceShortName);

/* Fills the buffer with RM_FILTER_INFO records, chained by cbNextOffset, their strings behind them.
 * 234 the buffer is too small (`*cbFilterBufNeeded` says how many bytes) or cbFilterBufNeeded is
 * NULL; 160; 1219; 6, 29, 121, 14. */
DWORD WINAPI RmGetFilterList(DWORD dwSessionHandle, PBYTE pbFilterBuf, DWORD cbFilterBuf,
                             LPDWORD cbFilterBufNeeded);

/* Undocumented on Windows; does nothing and returns 0. */
DWORD WINAPI RmReserveHeap(uintptr_t bytes);

#ifdef __cplusplus
}
#endif

#endif
