/* What a program says about itself: that it can be started again, and with which arguments.
 *
 * An installer that has to stop the program (restartmanager.h) starts it again afterwards only if
 * it has registered. The registration is kept in the process itself and ends with it, and with
 * exec; a forked child has none until it registers itself. The names, values and results are
 * Windows'.
 *
 *   #include <restartapp.h>          cc ... -lrestartapp
 *   RegisterApplicationRestart(u"--reopen \"My file.txt\"", 0);
 *
 * The program is started again by its own executable's path, as the same user, in the same
 * directory and with the environment it was started with; never through a shell. Any thread may
 * call. */
#ifndef RESTARTAPP_H
#define RESTARTAPP_H

#include <restartmanager.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef int32_t HRESULT;
typedef const WCHAR *PCWSTR;
typedef WCHAR *PWSTR;
typedef DWORD *PDWORD;

/* A process: its pid, `(HANDLE)(intptr_t)pid`, or RM_CURRENT_PROCESS (-1, what Windows'
 * GetCurrentProcess() gives). Nothing has to be closed. */
typedef void *HANDLE;
#define RM_CURRENT_PROCESS ((HANDLE)(intptr_t)-1)

#ifndef S_OK
#define S_OK ((HRESULT)0)
#define E_FAIL ((HRESULT)0x80004005)
#define E_INVALIDARG ((HRESULT)0x80070057)
#define E_OUTOFMEMORY ((HRESULT)0x8007000E)
#define E_ACCESSDENIED ((HRESULT)0x80070005)
#define E_HANDLE ((HRESULT)0x80070006)
#endif
/* HRESULT_FROM_WIN32 of ERROR_NOT_FOUND and ERROR_INSUFFICIENT_BUFFER. */
#define RESTART_E_NOT_REGISTERED ((HRESULT)0x80070490)
#define RESTART_E_BUFFER_TOO_SMALL ((HRESULT)0x8007007A)

#define RESTART_MAX_CMD_LINE 1024         /* characters with the NUL */
#define RMX_RESTART_MAX_ARGV_BYTES 131072 /* all arguments with their NULs */

#define RESTART_NO_CRASH 1  /* not after a crash */
#define RESTART_NO_HANG 2   /* not after it stopped answering */
#define RESTART_NO_PATCH 4  /* not after an update */
#define RESTART_NO_REBOOT 8 /* not after a reboot for an update */

/* Registers, or replaces what was registered. `pwzCommandline` has the arguments without the
 * program's name, NULL or "" for none. They are split as CommandLineToArgvW does: blanks and tabs
 * separate, "quotes" keep them together, \" is a quote, backslashes are themselves unless a quote
 * follows them. $, *, ~ and the like mean nothing. Any `dwFlags` are accepted, as on Windows.
 * E_INVALIDARG 1024 characters or more, or text that is no UTF-16; E_FAIL no descriptor or no
 * /proc; E_OUTOFMEMORY. */
HRESULT WINAPI RegisterApplicationRestart(PCWSTR pwzCommandline, DWORD dwFlags);

/* The same with one string (UTF-8, or any bytes) for each argument and a NULL behind them. NULL for
 * none. E_INVALIDARG more than RMX_RESTART_MAX_ARGV_BYTES. */
HRESULT WINAPI RmxRegisterApplicationRestartArgv(const char *const argv[], DWORD dwFlags);

/* S_OK also when there was nothing to take back. */
HRESULT WINAPI UnregisterApplicationRestart(void);

/* What a process has registered, as it was written; a vector as it would be written. `*pcchSize` is
 * the capacity of `pwzCommandline` in characters before, and the length with the NUL after the
 * call. NULL and 0 ask for the length alone. `pdwFlags` may be NULL. RESTART_E_NOT_REGISTERED;
 * RESTART_E_BUFFER_TOO_SMALL (`*pcchSize` is set); E_INVALIDARG pcchSize is NULL, or the buffer is
 * NULL and its capacity is not 0; E_HANDLE no such process; E_ACCESSDENIED it is another user's;
 * E_FAIL, E_OUTOFMEMORY. */
HRESULT WINAPI GetApplicationRestartSettings(HANDLE hProcess, PWSTR pwzCommandline, PDWORD pcchSize,
                                             PDWORD pdwFlags);

#ifdef __cplusplus
}
#endif

#endif
