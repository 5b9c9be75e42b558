#define _GNU_SOURCE
#include "world.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"

#define PATIENCE_MS 60000 /* a child that says nothing for so long is broken */
#define NOBODY 65534

#ifndef P_PIDFD
#define P_PIDFD 3
#endif

static char store[64], files[64], file_path[256];
static struct Child children[LISTED_MAX];
static size_t child_count;

static void Die(const char *what) {
  printf("%s: %s\n", what, strerror(errno));
  fflush(stdout);
  abort();
}

static int RemoveOne(const char *path, const struct stat *about, int type, struct FTW *where) {
  (void)about, (void)type, (void)where;
  return remove(path);
}

static void RemoveTree(const char *path) { nftw(path, RemoveOne, 8, FTW_DEPTH | FTW_PHYS); }

static void MakeDirectory(char *path, size_t capacity) {
  snprintf(path, capacity, "/tmp/rm-abi-XXXXXX");
  if (!mkdtemp(path)) Die("mkdtemp");
}

void EnterStore(void) {
  MakeDirectory(store, sizeof store);
  MakeDirectory(files, sizeof files);
  setenv("RESTART_MANAGER_DIR", store, 1);
}

void LeaveNobody(void) {
  for (size_t i = 0; i < child_count; ++i) EndChild(&children[i]);
  child_count = 0;
}

void LeaveStore(void) {
  LeaveNobody();
  RemoveTree(files);
  RemoveTree(store);
}

const char *StorePath(void) { return store; }
const char *FilesPath(void) { return files; }

const char *NewFile(const char *name) {
  snprintf(file_path, sizeof file_path, "%s/%s", files, name);
  const int fd = open(file_path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
  if (fd < 0 || write(fd, "content", 7) != 7) Die(file_path);
  close(fd);
  return file_path;
}

const WCHAR *Wide(const char *ascii) {
  static _Thread_local WCHAR buffers[8][512];
  static _Thread_local size_t next;
  WCHAR *wide = buffers[next++ % COUNT(buffers)];
  size_t i = 0;
  for (; ascii[i] && i < COUNT(buffers[0]) - 1; ++i) wide[i] = (unsigned char)ascii[i];
  wide[i] = 0;
  return wide;
}

void Narrow(const WCHAR *wide, char *ascii, size_t capacity) {
  size_t i = 0;
  for (; wide[i] && i + 1 < capacity; ++i) ascii[i] = wide[i] < 128 ? (char)wide[i] : '?';
  ascii[i] = 0;
}

static int say = -1;

static void Caught(int signal) {
  (void)signal;
  (void)!write(say, "t", 1);
}

static void BeHolder(const char *path, enum Manner manner) {
  struct sigaction action = {0};
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  setsid();
  if (manner == kStays) action.sa_handler = Caught;
  if (manner == kIgnores) action.sa_handler = SIG_IGN;
  if (manner == kStays || manner == kIgnores) sigaction(SIGTERM, &action, NULL);
  const int bad = manner == kInDirectory ? chdir(path) : open(path, O_RDONLY | O_CLOEXEC) < 0;
  if (bad || write(say, "r", 1) != 1) _exit(1);
  for (;;) pause();
}

static void BeTalker(const char *path, const char *manner) {
  char text[128], *words[16], *rest = text;
  size_t count = 0;
  const int python = strncmp(manner, "python", 6) == 0;
  snprintf(text, sizeof text, "%s", manner);
  if (python) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    setsid();
  }
  words[count++] = strdup(python ? "python3" : TALKER);
  if (python) words[count++] = strdup(TALKER_PY);
  words[count++] = strdup(path);
  for (char *word; count < COUNT(words) - 1 && (word = strtok_r(rest, " ", &rest));)
    words[count++] = word;
  words[count] = NULL;
  if (dup2(say, 1) == 1) execvp(words[0], words);
  _exit(127);
}

static struct Child *Start(const char *path, enum Manner manner, const char *talker);

struct Child *StartHolder(const char *path, enum Manner manner) {
  return Start(path, manner, NULL);
}

struct Child *StartTalker(const char *path, const char *manner) {
  return Start(path, kLeaves, manner);
}

static struct Child *Start(const char *path, enum Manner manner, const char *talker) {
  int words[2];
  if (child_count == COUNT(children) || pipe2(words, O_CLOEXEC) != 0) Die("a child");
  struct Child *child = &children[child_count++];
  fflush(stdout);
  child->pid = fork();
  if (child->pid < 0) Die("fork");
  if (child->pid == 0) {
    say = words[1];
    if (talker) BeTalker(path, talker);
    BeHolder(path, manner);
  }
  close(words[1]);
  child->told = words[0];
  child->pidfd = (int)syscall(SYS_pidfd_open, child->pid, 0);
  if (child->pidfd < 0) Die("pidfd_open");
  AwaitWord(child, 'r');
  if (RmxDescribeProcess((DWORD)child->pid, &child->id) != ERROR_SUCCESS) Die(RmxGetErrorText());
  return child;
}

int IsAlive(const struct Child *child) {
  struct pollfd ended = {child->pidfd, POLLIN, 0};
  return poll(&ended, 1, 0) == 0;
}

void AwaitWord(const struct Child *child, char word) {
  char said = 0;
  do {
    struct pollfd ready = {child->told, POLLIN, 0};
    if (poll(&ready, 1, PATIENCE_MS) != 1 || read(child->told, &said, 1) != 1)
      Die("a child does not say what it should");
  } while (said != word);
}

void EndChild(struct Child *child) {
  if (child->pid == 0) return;
  siginfo_t info;
  syscall(SYS_pidfd_send_signal, child->pidfd, SIGKILL, NULL, 0);
  while (waitid(P_PIDFD, (id_t)child->pidfd, &info, WEXITED) != 0 && errno == EINTR) continue;
  close(child->pidfd);
  close(child->told);
  child->pid = 0;
}

static int AwaitExit(pid_t pid) {
  int status = 0;
  while (waitpid(pid, &status, 0) < 0 && errno == EINTR) continue;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int RunSelf(const char *verb, const char *first, const char *second) {
  fflush(stdout);
  const pid_t pid = fork();
  if (pid < 0) Die("fork");
  if (pid == 0) {
    execl("/proc/self/exe", "abi_test", verb, first, second, (char *)NULL);
    _exit(127);
  }
  return AwaitExit(pid);
}

int RunAsNobody(int (*body)(void *), void *argument) {
  if (geteuid() != 0) return -1;
  char own[64];
  MakeDirectory(own, sizeof own);
  if (chown(own, NOBODY, NOBODY) != 0) Die("chown");
  fflush(stdout);
  const pid_t pid = fork();
  if (pid < 0) Die("fork");
  if (pid == 0) {
    setenv("RESTART_MANAGER_DIR", own, 1);
    if (setresgid(NOBODY, NOBODY, NOBODY) != 0 || setresuid(NOBODY, NOBODY, NOBODY) != 0)
      _exit(126);
    _exit(body(argument));
  }
  const int status = AwaitExit(pid);
  RemoveTree(own);
  return status;
}

int RunApart(int (*body)(void)) {
  /* Whoever has unshared cannot fork any more when the first process has ended. */
  fflush(stdout);
  const pid_t outside = fork();
  if (outside < 0) Die("fork");
  if (outside != 0) return AwaitExit(outside);
  if (unshare(CLONE_NEWPID | CLONE_NEWNS) != 0) exit(body());
  const pid_t first = fork();
  if (first < 0) Die("fork");
  if (first != 0) _exit(AwaitExit(first));
  if (mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
      mount("proc", "/proc", "proc", 0, NULL) != 0)
    _exit(125);
  /* Not as the first process, to which all orphans come. */
  const pid_t pid = fork();
  if (pid == 0) exit(body());
  int status = 1;
  for (pid_t ended; (ended = wait(&status)) != pid && (ended > 0 || errno == EINTR);) continue;
  _exit(WIFEXITED(status) ? WEXITSTATUS(status) : 128);
}

DWORD RegisterFile(DWORD session, const char *path) {
  LPCWSTR names[] = {Wide(path)};
  return RmRegisterResources(session, 1, names, 0, NULL, 0, NULL);
}

DWORD SessionWith(const char *path) {
  DWORD session = 0;
  WCHAR key[CCH_RM_SESSION_KEY + 1];
  if (RmStartSession(&session, 0, key) != ERROR_SUCCESS ||
      RegisterFile(session, path) != ERROR_SUCCESS)
    Die(RmxGetErrorText());
  return session;
}

struct Listed List(DWORD session) {
  struct Listed list = {0};
  UINT needed = 0;
  list.count = LISTED_MAX;
  list.code = RmGetList(session, &needed, &list.count, list.apps, &list.reasons);
  if (list.code != ERROR_SUCCESS) list.count = 0;
  return list;
}

int StatusOf(DWORD session, const struct Child *child) {
  const struct Listed list = List(session);
  for (UINT i = 0; i < list.count; ++i)
    if (memcmp(&list.apps[i].Process, &child->id, sizeof child->id) == 0)
      return (int)list.apps[i].AppStatus;
  return -1;
}

int ChildrenAreAppsOfTheirOwn(void) {
  struct Child *child = StartHolder(NewFile("probe"), kLeaves);
  const DWORD session = SessionWith(file_path);
  const struct Listed list = List(session);
  const int own = list.count == 1 && list.reasons == RmRebootReasonNone;
  RmEndSession(session);
  EndChild(child);
  if (!own && (list.reasons & RmRebootReasonDetectedSelf))
    Skip("a login session: the tests run in a service, of which their children are a part");
  return own || !(list.reasons & RmRebootReasonDetectedSelf);
}
