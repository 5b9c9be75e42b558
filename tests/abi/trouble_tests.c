/* What is said, and what is lost, when the disk is full, or another process has the lock? 29 and
 * 121, and nothing. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"
#include "world.h"

static const WCHAR kFilter[] = u"/bin/before";

/* Two sessions with a holder each, before the trouble: the first was shut down, all masked. */
struct Before {
  DWORD shut_down, other;
  char key[33];
};

static struct Before Prepare(const char *path, const struct Child *child) {
  struct Before before;
  before.shut_down = SessionWith(path);
  RM_UNIQUE_PROCESS process = child->id;
  CHECK_EQ(RmAddFilter(before.shut_down, NULL, &process, NULL, RmNoShutdown), ERROR_SUCCESS);
  CHECK_EQ(RmShutdown(before.shut_down, 0, NULL), ERROR_SUCCESS);
  CHECK_EQ(RmxStartSession(&before.other, NULL, before.key), ERROR_SUCCESS);
  CHECK_EQ(RegisterFile(before.other, path), ERROR_SUCCESS);
  CHECK_EQ(RmAddFilter(before.other, kFilter, NULL, NULL, RmNoRestart), ERROR_SUCCESS);
  return before;
}

/* Every function that writes, in a session from before. */
static void AllThatWritesSays(const struct Before *before, const struct Child *child, DWORD code) {
  UINT needed = 7, count = LISTED_MAX;
  DWORD reasons = 7;
  RM_PROCESS_INFO apps[LISTED_MAX];
  CHECK_EQ(RegisterFile(before->other, "/not/there"), code);
  CHECK_EQ(RmGetList(before->other, &needed, &count, apps, &reasons), code);
  CHECK_EQ(needed + reasons, 14);
  CHECK_EQ(count, LISTED_MAX);
  CHECK_EQ(RmAddFilter(before->other, u"/bin/after", NULL, NULL, RmNoRestart), code);
  CHECK_EQ(RmRemoveFilter(before->other, kFilter, NULL, NULL), code);
  CHECK_EQ(RmShutdown(before->other, 0, NULL), code);
  CHECK(IsAlive(child));
  CHECK_EQ(RmRestart(before->shut_down, 0, NULL), code);
  CHECK_EQ(RmEndSession(before->shut_down), code);
  CHECK_EQ(RmEndSession(before->other), code);
  CHECK(strlen(RmxGetErrorText()) > 40);
}

/* When the trouble is over. */
static void NothingIsLost(const struct Before *before, const struct Child *child) {
  RM_FILTER_INFO filters[4];
  DWORD size = 0;
  CHECK_EQ(RmGetFilterList(before->other, (PBYTE)filters, sizeof filters, &size), ERROR_SUCCESS);
  CHECK_EQ(filters[0].cbNextOffset, 0);
  CHECK(memcmp(filters[0].strFilename, kFilter, sizeof kFilter) == 0);
  CHECK(StatusOf(before->other, child) >= 0);
  CHECK_EQ(RmRestart(before->other, 0, NULL), ERROR_REQUEST_OUT_OF_SEQUENCE);
  CHECK_EQ(RmRestart(before->shut_down, 0, NULL), ERROR_SUCCESS);
  RMX_SESSION_LIST *sessions = NULL;
  CHECK_EQ(RmxGetSessions(&sessions), ERROR_SUCCESS);
  CHECK_EQ(sessions->nSessions, 2);
  for (UINT i = 0; i < sessions->nSessions; ++i) CHECK_EQ(sessions->rgSessions[i].nFiles, 1);
  RmxFree(sessions);
  CHECK_EQ(RmEndSession(before->shut_down), ERROR_SUCCESS);
  CHECK_EQ(RmEndSession(before->other), ERROR_SUCCESS);
}

/* Runs this in a child with a file system of its own; -1: not possible here. */
static int InNamespace(const char *at, const char *options, void (*body)(void *), void *argument) {
  fflush(stdout);
  const pid_t pid = fork();
  if (pid == 0) {
    if (unshare(CLONE_NEWNS) != 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
        mount("small", at, "tmpfs", 0, options) != 0)
      _exit(42);
    const int before = FailedChecks();
    body(argument);
    fflush(stdout);
    _exit(FailedChecks() == before ? 0 : 1);
  }
  int status = 0;
  waitpid(pid, &status, 0);
  if (WIFEXITED(status) && WEXITSTATUS(status) == 42) return -1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}

static char ballast[128];

static void FillDisk(void) {
  static const char kPage[4096] = "x";
  snprintf(ballast, sizeof ballast, "%s/ballast", StorePath());
  const int fd = open(ballast, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  while (write(fd, kPage, sizeof kPage) > 0) continue;
  close(fd);
}

struct Holder {
  const char *path;
  const struct Child *child;
};

static void OnAFullDisk(void *argument) {
  const struct Holder *holder = argument;
  DWORD session = 7;
  WCHAR key[33] = u"x";
  const struct Before before = Prepare(holder->path, holder->child);
  /* Whoever asks may have to fork, and then the store is closed meanwhile: what its log takes is
   * free again. */
  const pid_t child = fork();
  if (child == 0) _exit(0);
  waitpid(child, NULL, 0);
  FillDisk();
  CHECK_EQ(RmStartSession(&session, 0, key), ERROR_WRITE_FAULT);
  CHECK(session == 7 && key[0] == u'x');
  CHECK(strstr(RmxGetErrorText(), "full") != NULL);
  AllThatWritesSays(&before, holder->child, ERROR_WRITE_FAULT);
  unlink(ballast);
  NothingIsLost(&before, holder->child);
}

static void AFullDiskIsAWriteFaultAndNothingIsLost(void) {
  const char *path = NewFile("library");
  struct Holder holder = {path, StartHolder(path, kLeaves)};
  const int status = InNamespace(StorePath(), "size=1m,mode=0700", OnAFullDisk, &holder);
  if (status < 0)
    Skip("CAP_SYS_ADMIN, for a file system of its own");
  else
    CHECK_EQ(status, 0);
}

static void WithoutProc(void *argument) {
  (void)argument;
  DWORD session = 7;
  WCHAR key[33];
  CHECK_EQ(RmStartSession(&session, 0, key), ERROR_WRITE_FAULT);
  CHECK_EQ(session, 7);
}

/* 5 is a registered directory, and nothing else. */
static void AMachineWithoutProcIsNoAccessDenied(void) {
  const int status = InNamespace("/proc", "mode=0755", WithoutProc, NULL);
  if (status < 0)
    Skip("CAP_SYS_ADMIN, for a file system of its own");
  else
    CHECK_EQ(status, 0);
}

/* Joining only reads: what can go wrong is that the store is no longer the user's own. */
static void JoiningThroughADirectoryOthersCanWriteToIsAWriteFault(void) {
  DWORD session;
  char key[33];
  CHECK_EQ(RmxStartSession(&session, NULL, key), ERROR_SUCCESS);
  CHECK_EQ(chmod(StorePath(), 0777), 0);
  CHECK_EQ(RunSelf("join", key, NULL), ERROR_WRITE_FAULT);
  CHECK_EQ(chmod(StorePath(), 0700), 0);
  CHECK_EQ(RunSelf("join", key, NULL), ERROR_SUCCESS);
  CHECK_EQ(RmEndSession(session), ERROR_SUCCESS);
}

/* A process that is in the middle of these statements, until it is let go. */
struct Locker {
  pid_t pid;
  int let_go;
};

static struct Locker Lock(const char *sql) {
  char database[128], word;
  int said[2], go[2];
  if (pipe2(said, O_CLOEXEC) != 0 || pipe2(go, O_CLOEXEC) != 0) abort();
  snprintf(database, sizeof database, "%s/sessions.db", StorePath());
  fflush(stdout);
  const struct Locker locker = {fork(), go[1]};
  if (locker.pid == 0) {
    sqlite3 *db;
    close(go[1]);
    if (sqlite3_open(database, &db) != SQLITE_OK || sqlite3_exec(db, sql, NULL, NULL, NULL) != 0)
      _exit(1);
    (void)!write(said[1], "l", 1);
    (void)!read(go[0], &word, 1);
    sqlite3_close(db);
    _exit(0);
  }
  close(said[1]), close(go[0]);
  CHECK_EQ(read(said[0], &word, 1), 1);
  close(said[0]);
  return locker;
}

static void LetGo(const struct Locker *locker) {
  int status = -1;
  close(locker->let_go);
  waitpid(locker->pid, &status, 0);
  CHECK_EQ(status, 0);
}

static void ALockThatAnotherHoldsPastTheLimitIsATimeout(void) {
  const char *path = NewFile("library");
  const struct Child *child = StartHolder(path, kLeaves);
  const struct Before before = Prepare(path, child);
  CHECK_EQ(RmxSetOption(before.other, RmxOptionLockTimeout, 20), ERROR_SUCCESS);
  CHECK_EQ(RmxSetOption(before.shut_down, RmxOptionLockTimeout, 20), ERROR_SUCCESS);
  const struct Locker writer = Lock("BEGIN IMMEDIATE; DELETE FROM session;");
  AllThatWritesSays(&before, child, ERROR_SEM_TIMEOUT);
  setenv("RESTART_MANAGER_LOCK_TIMEOUT", "20", 1);
  CHECK_EQ(RunSelf("start", NULL, NULL), ERROR_SEM_TIMEOUT);
  LetGo(&writer);

  /* Readers wait only for who has it all to himself, as when the file is made. */
  const struct Locker single =
      Lock("PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE; DELETE FROM session; ROLLBACK;");
  CHECK_EQ(RunSelf("join", before.key, NULL), ERROR_SEM_TIMEOUT);
  LetGo(&single);
  CHECK_EQ(RunSelf("join", before.key, NULL), ERROR_SUCCESS);
  CHECK_EQ(RunSelf("start", NULL, NULL), ERROR_SUCCESS);
  setenv("RESTART_MANAGER_LOCK_TIMEOUT", "soon", 1);
  CHECK_EQ(RunSelf("start", NULL, NULL), ERROR_WRITE_FAULT);
  unsetenv("RESTART_MANAGER_LOCK_TIMEOUT");
  NothingIsLost(&before, child);
}

/* Sessions in eight processes; the user has 64 of them, whoever asks for one more. */
static void TheSixtyFifthSessionOfAUserIsRefused(void) {
  enum { kProcesses = 8, kEach = 8 };
  pid_t pids[kProcesses];
  int said[2];
  char key[kProcesses][33];
  DWORD session = 7;
  WCHAR wide[33];
  if (pipe2(said, O_CLOEXEC) != 0) abort();
  for (int i = 0; i < kProcesses; ++i) {
    fflush(stdout);
    pids[i] = fork();
    if (pids[i] == 0) {
      char own[33] = "";
      for (int k = 0; k < kEach; ++k)
        if (RmxStartSession(&session, NULL, own) != ERROR_SUCCESS) _exit(1);
      (void)!write(said[1], own, sizeof own);
      for (;;) pause();
    }
    CHECK_EQ(read(said[0], key[i], sizeof key[i]), sizeof key[i]);
  }
  CHECK_EQ(RmStartSession(&session, 0, wide), ERROR_MAX_SESSIONS_REACHED);
  CHECK_EQ(session, 7);
  CHECK_EQ(RmJoinSession(&session, Wide(key[3])), ERROR_SUCCESS);
  CHECK_EQ(RmEndSession(session), ERROR_SUCCESS);
  for (int i = 0; i < kProcesses; ++i) {
    kill(pids[i], SIGKILL); /* a child that nobody else waits for */
    waitpid(pids[i], NULL, 0);
    CHECK_EQ(RmStartSession(&session, 0, wide), ERROR_SUCCESS);
    CHECK_EQ(RmEndSession(session), ERROR_SUCCESS);
    CHECK_EQ(RmJoinSession(&session, Wide(key[i])), ERROR_SESSION_CREDENTIAL_CONFLICT);
  }
  close(said[0]), close(said[1]);
}

const struct Test kTroubleTests[] = {
    {"AFullDiskIsAWriteFaultAndNothingIsLost", AFullDiskIsAWriteFaultAndNothingIsLost},
    {"AMachineWithoutProcIsNoAccessDenied", AMachineWithoutProcIsNoAccessDenied},
    {"JoiningThroughADirectoryOthersCanWriteToIsAWriteFault",
     JoiningThroughADirectoryOthersCanWriteToIsAWriteFault},
    {"ALockThatAnotherHoldsPastTheLimitIsATimeout", ALockThatAnotherHoldsPastTheLimitIsATimeout},
    {"TheSixtyFifthSessionOfAUserIsRefused", TheSixtyFifthSessionOfAUserIsRefused},
    {NULL, NULL},
};
