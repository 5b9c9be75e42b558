#define _GNU_SOURCE
#include "programs.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"

pid_t StartProgram(const char *program, char *const argv[], int in, int out) {
  const pid_t pid = fork();
  if (pid != 0) return pid;
  const int null = open("/dev/null", O_RDWR);
  setsid();
  dup2(null, 0), dup2(out < 0 ? null : out, 1), dup2(null, 2), dup2(in, 3);
  syscall(SYS_close_range, 4, ~0U, 0);
  execv(program, argv);
  _exit(127);
}

void CopyOf(const char *program, const char *name, char copy[512]) {
  char command[2048];
  snprintf(copy, 512, "%s", NewFile(name));
  snprintf(command, sizeof command, "cp %s %s && chmod 755 %s", program, copy, copy);
  const pid_t pid = fork();
  if (pid == 0) execl("/bin/sh", "sh", "-c", command, NULL), _exit(127);
  int status = -1;
  waitpid(pid, &status, 0);
  CHECK_EQ(status, 0);
}

int Runs(const char *program, pid_t pid) {
  char link[64], path[1024] = "";
  snprintf(link, sizeof link, "/proc/%d/exe", (int)pid);
  return readlink(link, path, sizeof path - 1) > 0 && strcmp(path, program) == 0;
}

int HasExeced(pid_t pid, const char *program) {
  for (int i = 0; i < 1000 && !Runs(program, pid); ++i) poll(NULL, 0, 10);
  return Runs(program, pid);
}

int CountWith(const struct Listed *list, ULONG status) {
  int count = 0;
  for (UINT i = 0; i < list->count; ++i) count += list->apps[i].AppStatus == status;
  return count;
}

static int EndByDescriptor(pid_t pid) {
  const int pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
  if (pidfd >= 0) syscall(SYS_pidfd_send_signal, pidfd, SIGKILL, NULL, 0);
  return pidfd;
}

void EndNow(pid_t pid) { close(EndByDescriptor(pid)); }

void EndAndAwait(pid_t pid) {
  struct pollfd ended = {EndByDescriptor(pid), POLLIN, 0};
  if (ended.fd < 0) return;
  while (poll(&ended, 1, -1) != 1) continue;
  close(ended.fd);
}
