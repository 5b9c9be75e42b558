/* What the Restart Manager offers on Linux beyond Windows' API: who holds which file how, what
 * stopping would do before it is done, sessions that outlive a process, text as UTF-8.
 *
 * Return codes and blocking as in restartmanager.h. Strings are UTF-8 (file names: bytes) and
 * belong to the structure they are in. Structures that the library allocates are freed with
 * RmxFree, whole. Each begins with its size in bytes as the library knows it; later versions only
 * append. */
#ifndef RESTARTMANAGERX_H
#define RESTARTMANAGERX_H

#include <restartmanager.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A sentence about the last failure in the calling thread: what happened, to what, what to do.
 * Never NULL; valid until the next call in this thread. */
const char *WINAPI RmxGetErrorText(void);

/* The identity of a living process. 160 there is none with this pid; 29. */
DWORD WINAPI RmxDescribeProcess(DWORD dwProcessId, RM_UNIQUE_PROCESS *pProcess);

/* --- sessions --------------------------------------------------------------------------- */

/* RmStartSession on behalf of `pOwner` (NULL: the caller): the session lasts as long as that
 * process lives, not as long as the caller. `szKey` gets 32 digits and a NUL. */
DWORD WINAPI RmxStartSession(DWORD *pSessionHandle, const RM_UNIQUE_PROCESS *pOwner,
                             char szKey[33]);

/* Takes the primary role in a session of the same user by its key, from another process or after
 * RmxCloseSession. 1219 no such session; 160, 353, 29, 121, 14. */
DWORD WINAPI RmxOpenSession(DWORD *pSessionHandle, const char *szKey);

/* Forgets the handle; the session goes on. 6. */
DWORD WINAPI RmxCloseSession(DWORD dwSessionHandle);

/* RmRegisterResources with UTF-8. Services: "nginx", "nginx.service", "user:1000/NAME". */
DWORD WINAPI RmxRegisterResources(DWORD dwSessionHandle, UINT nFiles, const char *const *files,
                                  UINT nApplications, const RM_UNIQUE_PROCESS *applications,
                                  UINT nServices, const char *const *services);

typedef enum _RMX_TREE_FLAGS RM_ANY_VALUE {
  RmxTreeOtherFileSystems = 1 /* also what is mounted below the directory */
} RMX_TREE_FLAGS;

typedef struct _RMX_SKIPPED {
  const char *szPath;
  const char *szWhy;
} RMX_SKIPPED;

typedef struct _RMX_TREE {
  uint32_t cbSize;
  uint32_t cbSkipped; /* distance between two elements of rgSkipped */
  UINT nFiles;        /* found below the directory now, whatever kind; no symbolic links */
  UINT nDirectories;
  UINT nSkipped; /* directories that could not be looked into: what is there is not found */
  const RMX_SKIPPED *rgSkipped;
} RMX_TREE;

/* Registers everything below a directory, or all of a mounted file system by its mount point. Files
 * that come later count as well: each list looks anew. What was there at registration and was
 * replaced, removed or moved away since is remembered: who holds it is found. Symbolic links below
 * the directory are not followed; `szPath` itself may be, or lead over, some, and need not exist.
 * Does not leave the file system of `szPath` without RmxTreeOtherFileSystems; with it, a dead
 * network mount below can block it. The directory itself counts like a directory that is registered
 * by RmxRegisterResources, but is no reason for RmGetList to fail. `ppTree` may be NULL; else it
 * gets what was found, which is freed with RmxFree.
 *
 * 160 szPath is NULL, not absolute, too long, or no directory; an unknown flag.
 * 14 more than 1,000,000 files below it, also from lists when there are that many later; or no
 * memory. 1223 RmCancelCurrentTask. 6, 29, 121. */
DWORD WINAPI RmxRegisterTree(DWORD dwSessionHandle, const char *szPath, DWORD dwFlags,
                             RMX_TREE **ppTree);

typedef enum _RMX_OPTION RM_ANY_VALUE {
  RmxOptionRelaunch = 1,       /* 1: bring back also programs that never registered; default 0 */
  RmxOptionAppTimeout = 2,     /* ms a program has to leave; default 30000 */
  RmxOptionServiceTimeout = 3, /* ms a service has to stop; default 20000 */
  RmxOptionRestartTimeout = 4, /* ms everything has to be back; default 120000 */
  RmxOptionLockTimeout = 5,    /* ms to wait for the store's write lock; default 30000 */
  RmxOptionQueryTimeout = 6,   /* ms a program has to say whether it would leave; default 5000 */
  RmxOptionGuard = 7,          /* 0: RmShutdown begins no hold; default 1. See RmxSetOption(3) */
  RmxOptionBackend = 8         /* how holders are found, RMX_BACKEND; default RmxBackendAuto */
} RMX_OPTION;

/* Both find the same. BPF asks the kernel itself, is many times faster, and also sees the processes
 * that /proc does not let the caller read. It needs CAP_BPF and CAP_PERFMON, Linux 6.7, and a
 * library that was built with it; where it is not to be had, RmxBackendBpf lets what looks at the
 * machine fail with 5. The environment's RESTART_MANAGER_BACKEND, "proc" or "bpf", is what
 * RmxBackendAuto means to a handle that is opened; 160 when it is anything else but "auto". */
typedef enum _RMX_BACKEND RM_ANY_VALUE {
  RmxBackendAuto = 0, /* BPF where it is to be had and faster, else /proc */
  RmxBackendProc = 1, /* only /proc */
  RmxBackendBpf = 2   /* only BPF */
} RMX_BACKEND;

/* Holds for this handle. 160 unknown option or value; 6. */
DWORD WINAPI RmxSetOption(DWORD dwSessionHandle, RMX_OPTION Option, uint64_t ullValue);

/* --- what happens ----------------------------------------------------------------------- */

typedef enum _RMX_EVENT_KIND {
  RmxEventHold = 1,     /* from now on no held service starts */
  RmxEventStopping = 2, /* an app is asked to leave */
  RmxEventStopped = 3,
  RmxEventKilling = 4, /* it did not leave in time and is ended by force */
  RmxEventStopFailed = 5,
  RmxEventRelease = 6, /* the hold ends: what waits starts */
  RmxEventRestarting = 7,
  RmxEventRestarted = 8,
  RmxEventRestartFailed = 9,
  RmxEventNotRestarted =
      10, /* stopped, and not brought back: a filter, or nothing to start it by */
  RmxEventWaitingForUser = 11, /* asked to close its windows, it asks its user (szText: the title of
                                  its question) and is waited for until its time is over */
  RmxEventGivenUp = 12         /* owed a start, and not any more: by RmxGiveUp */
} RMX_EVENT_KIND;

typedef struct _RMX_EVENT {
  uint32_t cbSize;
  RMX_EVENT_KIND Kind;
  UINT nPercentComplete;
  DWORD dwProcessId;  /* main process, 0 if none */
  const char *szName; /* the app's name, "" for the hold */
  const char *szUnit; /* "nginx.service", "user:1000/x.service", "" */
  const char *szText; /* why, for people; "" */
} RMX_EVENT;

typedef void (*RMX_OBSERVER)(const RMX_EVENT *pEvent, void *pContext);

/* Has `fnObserver` (NULL: nobody) called during RmShutdown and RmRestart on this handle, in their
 * thread, under the same restrictions as the status callback. 6. */
DWORD WINAPI RmxSetObserver(DWORD dwSessionHandle, RMX_OBSERVER fnObserver, void *pContext);

/* --- who ---------------------------------------------------------------------------------- */

typedef enum _RMX_HOLD_KIND {
  RmxHoldDescriptor = 0,
  RmxHoldMapping = 1,
  RmxHoldExecutable = 2,
  RmxHoldWorkingDirectory = 3, /* not in RmGetList */
  RmxHoldRootDirectory = 4,    /* not in RmGetList */
  RmxHoldRing = 5,             /* registered with an io_uring, whose descriptor is told */
  RmxHoldLoopDevice = 6,       /* by the kernel itself, as are all below: Process is all 0 */
  RmxHoldSwap = 7,
  RmxHoldMount = 8, /* a device that is mounted, or an image without a loop device */
  RmxHoldDevice = 9 /* a device that another one is made of: device mapper, RAID */
} RMX_HOLD_KIND;

typedef struct _RMX_HOLDING {
  RM_UNIQUE_PROCESS Process;
  RMX_HOLD_KIND Kind;
  int32_t nDescriptor;      /* RmxHoldDescriptor, RmxHoldRing: its number, else -1 */
  int32_t bPreviousContent; /* holds what the path was at registration, which is no longer there */
  const char *szPath;       /* the registered path, or that of a file below a registered tree */
} RMX_HOLDING;

typedef enum _RMX_COME_BACK {
  RmxComeBackNot = 0,
  RmxComeBackService = 1,    /* its service manager starts it */
  RmxComeBackRegistered = 2, /* it called RegisterApplicationRestart */
  RmxComeBackRelaunched = 3, /* from what /proc told (RmxOptionRelaunch) */
  RmxComeBackWithParent = 4  /* its parent, which is restarted too, starts it */
} RMX_COME_BACK;

/* What has come of it for who used the files, once RmRestart has looked again. */
typedef enum _RMX_OUTCOME {
  RmxOutcomeNone = 0,     /* not looked yet; or it came later, and uses what is there now */
  RmxOutcomeCured = 1,    /* it left, and has nothing of what was there before */
  RmxOutcomeLeftOver = 2, /* it still has what was there before, or has it again */
  RmxOutcomeFailed = 3,   /* it was stopped and does not run */
  RmxOutcomeRefused = 4,  /* it was to leave and stayed */
  RmxOutcomeDeferred = 5  /* it was let alone, or is to stay down: a filter says so */
} RMX_OUTCOME;

typedef struct _RMX_APP {
  RM_PROCESS_INFO Info; /* as RmGetList has it */
  const char *szName;
  const char *szUnit; /* "" for a plain process */
  const char *szExecutable;
  RMX_COME_BACK ComeBack;
  DWORD dwRebootReasons;         /* of this app alone */
  int32_t bListed;               /* counted by RmGetList */
  const char *szWhyNotStoppable; /* "" if it can be stopped */
  const char *szWhyNotBack;      /* "" if it comes back */
  UINT nProcesses;
  const RM_UNIQUE_PROCESS *rgProcesses;
  UINT nHoldings;
  const RMX_HOLDING *rgHoldings;
  UINT nGoesAlong; /* units that are stopped and started with it */
  const char *const *rgGoesAlong;
  const char *szWhyType;    /* why Info.ApplicationType is what it is, for people */
  const char *szHowStopped; /* for people */
  UINT nCannotRestore;      /* what a new process in its place would lack, for people */
  const char *const *rgCannotRestore;
  RMX_OUTCOME Outcome;
} RMX_APP;

typedef struct _RMX_APP_LIST {
  uint32_t cbSize;
  uint32_t cbApp; /* distance between two elements of rgApps */
  UINT nApps;
  const RMX_APP *rgApps; /* in the order of stopping */
  DWORD dwRebootReasons;
  UINT nUnreadable;          /* processes that could not be looked at */
  const DWORD *rgUnreadable; /* their pids; 0: all those that /proc hides (hidepid) */
  /* From here on only if cbSize says so. */
  UINT nUnanswered;          /* processes that the kernel did not tell all of in time */
  const DWORD *rgUnanswered; /* their pids; 0: what the kernel itself uses */
  UINT nInFlight; /* processes that have not received descriptors which were sent to them */
  const DWORD *rgInFlight; /* their pids; of what these are nobody can tell */
  UINT nUnreachable;       /* registered files whose file system does not answer: only those are */
  const char *const *rgUnreachable; /* found who have what was there at registration */
} RMX_APP_LIST;

/* RmGetList with everything that is known. Directories are no error here. Codes as RmGetList.
 *
 * What the kernel itself uses (loop devices, swap files, mounted images) is an app of its own:
 * RmCritical, process id and start time 0, no processes, a name such as "kernel (loop device
 * /dev/loop0)". Descriptors in a message on a socket that nobody has read are not seen. */
DWORD WINAPI RmxGetApps(DWORD dwSessionHandle, RMX_APP_LIST **ppList);

/* One process that holds one file in one way. */
typedef struct _RMX_HOLDER {
  RM_UNIQUE_PROCESS Process;
  RMX_HOLD_KIND Kind;
  int32_t nDescriptor;      /* RmxHoldDescriptor, RmxHoldRing: its number, else -1 */
  int32_t bPreviousContent; /* holds what the path was at registration, which is no longer there */
  const char *szPath;       /* the registered path, or that of a file below a registered tree */
  const char *szRegistered; /* the registered path: of a file below a tree, the tree's */
  const char *szName;       /* of the process, for people */
  const char *szExecutable; /* "" if it may not be read */
  const char *szUnit;       /* the unit it runs in, also a scope; "" if none */
} RMX_HOLDER;

typedef struct _RMX_HOLDER_LIST {
  uint32_t cbSize;
  uint32_t cbHolder; /* distance between two elements of rgHolders */
  UINT nHolders;
  const RMX_HOLDER *rgHolders; /* by process */
  UINT nUnreadable;            /* processes that could not be looked at */
  const DWORD *rgUnreadable;   /* their pids; 0: all those that /proc hides (hidepid) */
} RMX_HOLDER_LIST;

/* Which process holds which registered file, and how: facts, without judging who would be stopped.
 * The calling process is among them, working and root directories too; registered processes and
 * services that hold nothing are not. Primary installers only: 1219. 160, 6, 14, 29, 121, 1223. */
DWORD WINAPI RmxGetHolders(DWORD dwSessionHandle, RMX_HOLDER_LIST **ppList);

/* --- outdated code -------------------------------------------------------------------------- */

typedef enum _RMX_FRESHNESS {
  RmxStale = 1,     /* outdated code: only a new start of the process renews it */
  RmxRefreshed = 2, /* replaced by the same content */
  RmxTransient = 3, /* gone or replaced, and no installed code: memory, data, temporary files */
  RmxUnknown = 4    /* could not be told */
} RMX_FRESHNESS;

typedef enum _RMX_MAPPED_KIND {
  RmxMappedExecutable = 0, /* the program itself */
  RmxMappedLibrary = 1,    /* any other file that the process may execute */
  RmxMappedData = 2
} RMX_MAPPED_KIND;

typedef struct _RMX_STALE_FILE {
  RM_UNIQUE_PROCESS Process;
  RMX_FRESHNESS Freshness;
  RMX_MAPPED_KIND Kind;
  const char *szPath;          /* the name it was loaded by, where known; as the process sees it */
  const char *szMapped;        /* what the kernel calls the file that is mapped */
  const char *szWhy;           /* why it is Freshness, for people */
  const char *szMappedBuildId; /* lower case hex; "" none, or unknown */
  const char *szNamedBuildId;  /* of what szPath is now */
} RMX_STALE_FILE;

typedef enum _RMX_CURE {
  RmxCureNone = 0,      /* nothing is stale */
  RmxCureRestart = 1,   /* its service manager restarts it */
  RmxCureRelaunch = 2,  /* it can be stopped and brought back */
  RmxCureByHand = 3,    /* somebody has to end it, and to start it again */
  RmxCureReexecute = 4, /* a service manager: systemctl daemon-reexec */
  RmxCureLogin = 5,     /* its user logs out and in */
  RmxCureContainer = 6, /* by the tool that started the container */
  RmxCureReboot = 7,
  RmxCureNotAllowed = 8 /* not for this caller: by its owner, or root */
} RMX_CURE;

typedef struct _RMX_STALE_APP {
  const RMX_APP *pApp; /* grouped as RmxGetApps does; no holdings */
  RMX_CURE Cure;
  const char *szCure; /* a command, or a reason, for people */
  UINT nFiles;
  const RMX_STALE_FILE *rgFiles;
} RMX_STALE_APP;

typedef struct _RMX_UNREADABLE {
  DWORD dwProcessId;
  const char *szName; /* "" if not even that may be read */
} RMX_UNREADABLE;

typedef struct _RMX_STALE_LIST {
  uint32_t cbSize;
  uint32_t cbApp;        /* distance between two elements of rgApps */
  uint32_t cbFile;       /* likewise of rgFiles */
  uint32_t cbUnreadable; /* likewise of rgUnreadable */
  UINT nApps;
  const RMX_STALE_APP *rgApps; /* in the order of stopping */
  UINT nProcesses;             /* looked at */
  UINT nStale;                 /* files in processes, on the whole machine, listed or not */
  UINT nRefreshed;
  UINT nTransient;
  UINT nUnknown;
  UINT nUnreadable; /* processes that could not be looked at; pid 0: all that /proc hides */
  const RMX_UNREADABLE *rgUnreadable;
} RMX_STALE_LIST;

#define RMX_STALE_ALL 1 /* list refreshed, transient and unknown files as well */

/* Which processes of the machine run code that is not what is on disk any more? No session. Looks
 * at every process, as root; others see their own. Reads memory and program files, changes nothing.
 * Blocks: tens of ms for each 100 processes; at most 10 s for one that does not answer.
 * Works without a session store: then start times are comparable within the answer only.
 * 160 unknown flag or ppList is NULL; 5 /proc cannot be read; 14. */
DWORD WINAPI RmxGetStale(DWORD dwFlags, RMX_STALE_LIST **ppList);

/* --- before it is done -------------------------------------------------------------------- */

typedef struct _RMX_STEP {
  UINT nWave;        /* steps of one wave are done at the same time */
  const char *szAct; /* "stop", "skip" */
  const char *szName;
  const char *szUnit;
  DWORD dwProcessId;
  const char *szHow; /* how it is stopped and how it comes back, for people */
} RMX_STEP;

typedef struct _RMX_PLAN {
  uint32_t cbSize;
  uint32_t cbStep;
  UINT nSteps;
  const RMX_STEP *rgSteps;
  DWORD dwRefusal; /* what RmShutdown would return without doing anything, or 0 */
  const char *szWhyRefused;
  UINT nHeld; /* units that would not start until RmRestart */
  const char *const *rgHeld;
} RMX_PLAN;

/* What RmShutdown(h, lActionFlags, ..) would do now. Does nothing. 160 an unknown flag. */
DWORD WINAPI RmxGetPlan(DWORD dwSessionHandle, ULONG lActionFlags, RMX_PLAN **ppPlan);

typedef struct _RMX_UNIT {
  uint32_t cbSize;
  const char *szUnit; /* canonical name */
  const char *szDescription;
  const char *szLoadState;   /* "loaded", "not-found", "masked", "no-systemd" */
  const char *szActiveState; /* "active", "inactive", "failed", ... */
  DWORD dwMainProcessId;     /* 0 if none */
} RMX_UNIT;

/* Asks the service manager about one unit. An unknown unit is an answer (szLoadState), no error.
 * 160 malformed name; 29 no answer. */
DWORD WINAPI RmxDescribeUnit(const char *szName, RMX_UNIT **ppUnit);

/* --- what is owed --------------------------------------------------------------------------- */

typedef struct _RMX_SESSION {
  const char *szName; /* names the session in logs and units; not its key */
  RM_UNIQUE_PROCESS Owner;
  int32_t bOwnerAlive;
  FILETIME Started;
  UINT nFiles; /* registered */
  UINT nProcesses;
  UINT nServices;
  UINT nOwed;                /* stopped and not yet back */
  const char *const *rgOwed; /* their names */
  /* From here on only if cbSession says so. */
  const DWORD *rgOwedProcessIds; /* nOwed: the pid that a program had; 0 for a unit */
} RMX_SESSION;

typedef struct _RMX_SESSION_LIST {
  uint32_t cbSize;
  uint32_t cbSession;
  UINT nSessions;
  const RMX_SESSION *rgSessions;
} RMX_SESSION_LIST;

/* Every session of this user. */
DWORD WINAPI RmxGetSessions(RMX_SESSION_LIST **ppList);

/* Pays what sessions owe whose owner is dead, and ends them. `fnObserver` may be NULL. A service
 * whose unit was removed or masked is told to it, and owed no longer. 352 something could not be
 * started; it stays owed. */
DWORD WINAPI RmxRecover(RMX_OBSERVER fnObserver, void *pContext);

typedef enum _RMX_GIVE_UP_FLAGS RM_ANY_VALUE {
  RmxGiveUpDryRun = 1 /* only tell fnObserver what would be given up */
} RMX_GIVE_UP_FLAGS;

/* Gives up what sessions owe whose owner is dead: it stays down, and neither the service manager, a
 * guard, RmxRecover nor the next boot starts it any more. Each of the nNames is the szName of a
 * session, for all that it owes; a unit; the pid that a program had; or a program's name, if only
 * one of that name is owed. Nothing else is touched, and nothing at all unless each name is
 * understood. Each that is given up is told to `fnObserver`, which may be NULL (RmxEventGivenUp),
 * and to the journal. A session that owes nothing any more ends. Blocks while somebody else is
 * starting what one of these sessions owes, at most 120 s: 121. May be called again after a
 * failure: what was told is given up, the others are still owed. 160 no names, a name that several
 * have, an unknown flag; 2 nothing of that name is owed; 1219 only sessions owe it whose owner
 * lives, and decides; 29 the store, or the queue of the service manager, cannot be written to; 14.
 */
DWORD WINAPI RmxGiveUp(UINT nNames, const char *const *names, DWORD dwFlags,
                       RMX_OBSERVER fnObserver, void *pContext);

/* Frees what another Rmx function returned. NULL is allowed. */
void WINAPI RmxFree(void *p);

#ifdef __cplusplus
}
#endif

#endif
