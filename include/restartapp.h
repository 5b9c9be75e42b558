/* What a program says about itself: that it can be started again, and with which arguments; whether
 * it would leave now; and what it saves when it crashes.
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
typedef BOOL *PBOOL;
typedef void *PVOID;

/* A process: its pid, `(HANDLE)(intptr_t)pid`, or RM_CURRENT_PROCESS (-1, what Windows'
 * GetCurrentProcess() gives). Nothing has to be closed. */
typedef void *HANDLE;
#define RM_CURRENT_PROCESS ((HANDLE)(intptr_t)-1)

#ifndef S_OK
#define S_OK ((HRESULT)0)
#define S_FALSE ((HRESULT)1)
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

/* --- would it leave? ----------------------------------------------------------------------
 *
 * A program that has a handler is asked before it is told to leave, and may refuse; without one it
 * gets SIGTERM. All programs of one kind are asked at the same time, and only if none refuses are
 * they told to end; otherwise those that were asked are told that it is off. The handler is
 * called with
 *
 *   RMX_CLOSE_QUERY  Would it leave? TRUE it would; FALSE it refuses, and `szReason` may say why,
 *                    for people. Within 5 s, or it counts as not responding, which is as a refusal.
 *                    Nothing is to be closed or thrown away yet: another may refuse. This is the
 *                    time to call RegisterApplicationRestart with where the user is now.
 *   RMX_CLOSE_END    It has to leave now, also if it refused (then an installer was told to force
 *                    it). Save, and leave within 30 s. TRUE: what had to be saved is saved; SIGTERM
 *                    (and SIGHUP, if it has a terminal) follows at once. FALSE: it leaves
 *                    by itself, and no signal follows. Who is still there after 30 s makes the
 *                    installer fail, or is killed by one that forces.
 *   RMX_CLOSE_OFF    After a query: it stays. Also when the installer has died. The result is
 *                    ignored.
 *
 * The protocol below is one of lines of text over a socket, which a program in any language can
 * speak without this library: docs/application-protocol.md. Only processes of the same user and of
 * root are listened to. */

#define RMX_CLOSE_QUERY 1
#define RMX_CLOSE_END 2
#define RMX_CLOSE_OFF 3

#define RMX_CLOSE_REASON_BYTES 200 /* with the NUL */

typedef struct _RMX_CLOSE_REQUEST {
  uint32_t cbSize;
  DWORD dwRequest;                       /* RMX_CLOSE_... */
  DWORD dwProcessId;                     /* of the installer; 0: in another pid namespace */
  char szReason[RMX_CLOSE_REASON_BYTES]; /* UTF-8, empty before; read after a FALSE to a query */
} RMX_CLOSE_REQUEST;

typedef BOOL(WINAPI *RMX_CLOSE_HANDLER)(RMX_CLOSE_REQUEST *pRequest, PVOID pContext);

/* dwFlags: the handler is called by RmxPumpCloseRequests, in the thread that calls that. Without it
 * the library has a thread of its own, in which all signals are blocked. */
#define RMX_CLOSE_PUMPED 1

/* Has `fnHandler` called, instead of the one before. Every function of this header may be called in
 * it. Ends with the process and with exec; a forked child has none until it registers itself.
 * E_INVALIDARG no handler or unknown flags; E_FAIL no socket, descriptor or thread can be had;
 * E_OUTOFMEMORY. */
HRESULT WINAPI RmxRegisterCloseHandler(RMX_CLOSE_HANDLER fnHandler, PVOID pContext, DWORD dwFlags);

/* After it returned the handler is not called again (it waits for one that is being called in
 * another thread). S_OK also when there was none. */
HRESULT WINAPI RmxUnregisterCloseHandler(void);

/* A descriptor that is readable when RmxPumpCloseRequests has something to do: for poll, epoll, or
 * the event loop of a toolkit. It belongs to the library. E_FAIL there is no handler that is
 * pumped; E_INVALIDARG. */
HRESULT WINAPI RmxGetCloseDescriptor(int *pDescriptor);

/* Calls the handler for whatever has come. Does not block. E_FAIL there is no handler that is
 * pumped. */
HRESULT WINAPI RmxPumpCloseRequests(void);

/* --- when it crashes ----------------------------------------------------------------------
 *
 * The callback saves what the user would lose. It runs once, when a thread is hit by SIGSEGV,
 * SIGBUS, SIGILL, SIGFPE or SIGABRT, in a thread of the library that was made beforehand; every
 * other thread goes on, but for those that crash, which wait. It must be modest: locks may be held
 * for ever, and the heap may be damaged. Afterwards the process ends by the same signal as it would
 * have without it, with its core dump, or by the handler of that signal that was there before.
 *
 * Where Linux differs: nobody watches for programs that hang, and after a crash nobody starts a
 * program again that is no service (a service's manager does: Restart=on-failure). Installers never
 * cause recovery. A thread whose stack has overflowed is caught only if it has an alternate one,
 * sigaltstack(2). Programs that use these signals for something else (virtual machines, sanitizers)
 * should not use it, or register before they set their handlers. */

typedef DWORD(WINAPI *APPLICATION_RECOVERY_CALLBACK)(PVOID pvParameter);

#define RECOVERY_DEFAULT_PING_INTERVAL 5000 /* ms */
#define RECOVERY_MAX_PING_INTERVAL 300000   /* ms */

/* `dwPingInterval` ms, 0: the default, is the longest time between two calls of
 * ApplicationRecoveryInProgress before the callback counts as hung, and the process is let go.
 * Replaces what was registered. A forked child has none. E_INVALIDARG no callback, more than the
 * longest interval, or flags that are not 0; E_FAIL no thread can be had. */
HRESULT WINAPI RegisterApplicationRecoveryCallback(APPLICATION_RECOVERY_CALLBACK pRecoveryCallback,
                                                   PVOID pvParameter, DWORD dwPingInterval,
                                                   DWORD dwFlags);

/* S_OK also when there was nothing to take back. */
HRESULT WINAPI UnregisterApplicationRecoveryCallback(void);

/* What is registered; each pointer may be NULL but the first. The interval comes back in units of
 * 100 ns, as it does on Windows. S_FALSE nothing is registered; E_INVALIDARG, also for another
 * process than the caller, whose addresses would mean nothing here. */
HRESULT WINAPI GetApplicationRecoveryCallback(HANDLE hProcess,
                                              APPLICATION_RECOVERY_CALLBACK *pRecoveryCallback,
                                              PVOID *ppvParameter, PDWORD pdwPingInterval,
                                              PDWORD pdwFlags);

/* The callback is still at work. `*pbCancelled` is FALSE: there is nobody who could cancel.
 * E_FAIL outside of recovery; E_INVALIDARG. */
HRESULT WINAPI ApplicationRecoveryInProgress(PBOOL pbCancelled);

/* The callback's last call: the process ends at once, and this does not return. So does a callback
 * that returns. Outside of recovery it does nothing. */
void WINAPI ApplicationRecoveryFinished(BOOL bSuccess);

#ifdef __cplusplus
}
#endif

#endif
