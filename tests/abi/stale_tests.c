/* RmxGetStale. */
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"
#include "world.h"

static void Copy(const char *from, const char *to) {
  const int in = open(from, O_RDONLY | O_CLOEXEC);
  const int out = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0755);
  char part[65536];
  ssize_t got = 0;
  CHECK(in >= 0 && out >= 0);
  while ((got = read(in, part, sizeof part)) > 0) CHECK_EQ(write(out, part, (size_t)got), got);
  close(in);
  CHECK_EQ(fchmod(out, 0755), 0);
  close(out);
}

/* A process that runs this program; returns when it does. */
static pid_t Run(const char *program) {
  char link[64], is[PATH_MAX] = "";
  const pid_t pid = fork();
  if (pid == 0) {
    execl(program, program, "600", (char *)NULL);
    _exit(127);
  }
  snprintf(link, sizeof link, "/proc/%d/exe", (int)pid);
  while (strcmp(is, program) != 0 && waitpid(pid, NULL, WNOHANG) == 0) {
    sched_yield();
    const ssize_t length = readlink(link, is, sizeof is - 1);
    is[length < 0 ? 0 : length] = '\0';
  }
  return pid;
}

static void End(pid_t pid) {
  kill(pid, SIGKILL);
  waitpid(pid, NULL, 0);
}

/* The first file of this process; NULL if there is none. */
static const RMX_STALE_FILE *FileOf(const RMX_STALE_LIST *list, pid_t pid, const char **name) {
  for (UINT i = 0; i < list->nApps; ++i) {
    const RMX_STALE_APP *app =
        (const RMX_STALE_APP *)((const char *)list->rgApps + (size_t)i * list->cbApp);
    for (UINT j = 0; j < app->nFiles; ++j) {
      const RMX_STALE_FILE *file =
          (const RMX_STALE_FILE *)((const char *)app->rgFiles + (size_t)j * list->cbFile);
      *name = app->pApp->szName;
      if (file->Process.dwProcessId == (DWORD)pid) return file;
    }
  }
  return NULL;
}

static void ARemovedProgramIsStaleAndTheSameBuildIsNot(void) {
  char program[PATH_MAX], next[PATH_MAX + 4];
  const char *name = "";
  RMX_STALE_LIST *list = NULL;
  snprintf(program, sizeof program, "%s", NewFile("server"));
  snprintf(next, sizeof next, "%s.new", program);
  CHECK_EQ(unlink(program), 0);
  Copy("/bin/sleep", program);
  const pid_t pid = Run(program);
  RM_UNIQUE_PROCESS id;
  CHECK_EQ(RmxDescribeProcess((DWORD)pid, &id), ERROR_SUCCESS);

  CHECK_EQ(RmxGetStale(RMX_STALE_ALL, &list), ERROR_SUCCESS);
  CHECK(FileOf(list, pid, &name) == NULL);
  CHECK(list->cbSize >= sizeof *list && list->nProcesses > 0);
  RmxFree(list);

  Copy("/bin/sleep", next);
  CHECK_EQ(rename(next, program), 0);
  CHECK_EQ(RmxGetStale(RMX_STALE_ALL, &list), ERROR_SUCCESS);
  const RMX_STALE_FILE *file = FileOf(list, pid, &name);
  CHECK(file != NULL);
  if (file) CHECK_EQ(file->Freshness, RmxRefreshed);
  RmxFree(list);
  CHECK_EQ(RmxGetStale(0, &list), ERROR_SUCCESS);
  CHECK(FileOf(list, pid, &name) == NULL);
  CHECK(list->nRefreshed > 0);
  RmxFree(list);

  CHECK_EQ(unlink(program), 0);
  CHECK_EQ(RmxGetStale(0, &list), ERROR_SUCCESS);
  file = FileOf(list, pid, &name);
  CHECK(file != NULL && list->nStale > 0);
  if (file) {
    CHECK_EQ(file->Freshness, RmxStale);
    CHECK_EQ(file->Kind, RmxMappedExecutable);
    CHECK_EQ(strcmp(file->szPath, program), 0);
    CHECK_EQ(strcmp(name, "server"), 0);
    CHECK_EQ(memcmp(&file->Process, &id, sizeof id), 0);
    CHECK(file->szWhy[0] != '\0');
  }
  RmxFree(list);
  End(pid);
}

static void WrongArgumentsAreRefused(void) {
  RMX_STALE_LIST *list = NULL;
  CHECK_EQ(RmxGetStale(0, NULL), ERROR_BAD_ARGUMENTS);
  CHECK_EQ(RmxGetStale(2, &list), ERROR_BAD_ARGUMENTS);
  CHECK(list == NULL);
}

const struct Test kStaleTests[] = {
    {"ARemovedProgramIsStaleAndTheSameBuildIsNot", ARemovedProgramIsStaleAndTheSameBuildIsNot},
    {"WrongArgumentsAreRefused", WrongArgumentsAreRefused},
    {NULL, NULL},
};
