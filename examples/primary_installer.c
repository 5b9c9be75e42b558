/* An installer that replaces files while programs use them: the primary one, which runs the
 * session.
 *
 *   primary_installer SECONDARY NEW FILE
 *
 * Has SECONDARY (see secondary_installer.c) register FILE, shows who uses it, stops them, puts NEW
 * in its place, and brings them back.
 *
 *   cc primary_installer.c -lrstrtmgr */
#include <restartmanager.h>
#include <restartmanagerx.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static int Complain(const char *what) {
  fprintf(stderr, "%s: %s\n", what, RmxGetErrorText());
  return 1;
}

/* A package of its own, or a plug-in: it knows which files it replaces, and gets the key. The key
 * is 32 hexadecimal digits, so each character is one of ASCII. */
static int RunSecondary(const char *program, const WCHAR key[], const char *file) {
  char text[CCH_RM_SESSION_KEY + 1];
  for (int i = 0; i <= CCH_RM_SESSION_KEY; ++i) text[i] = (char)key[i];
  const pid_t child = fork();
  if (child == 0) {
    execl(program, program, text, file, (char *)NULL);
    _exit(127);
  }
  int status = -1;
  return waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/* Who is affected may change between two calls: ask until there is room for all. */
static DWORD Show(DWORD session) {
  RM_PROCESS_INFO *apps = NULL;
  UINT needed = 0, count = 0;
  DWORD reasons = 0, code;
  while ((code = RmGetList(session, &needed, &count, apps, &reasons)) == ERROR_MORE_DATA) {
    RM_PROCESS_INFO *more = realloc(apps, needed * sizeof *apps);
    if (!more) {
      free(apps);
      return ERROR_OUTOFMEMORY;
    }
    apps = more;
    count = needed;
  }
  for (UINT i = 0; code == ERROR_SUCCESS && i < count; ++i)
    printf("used by pid %u%s\n", apps[i].Process.dwProcessId,
           apps[i].bRestartable ? "" : ", which will not be brought back");
  if (reasons != RmRebootReasonNone) printf("somebody can only be freed by a reboot\n");
  free(apps);
  return code;
}

static void OnPercent(UINT percent) { printf("%u%%\n", percent); }

int main(int argc, char *argv[]) {
  if (argc != 4) {
    fprintf(stderr, "usage: %s SECONDARY NEW FILE\n", argv[0]);
    return 2;
  }
  DWORD session; /* 0 is a session like any other */
  WCHAR key[CCH_RM_SESSION_KEY + 1];
  if (RmStartSession(&session, 0, key) != ERROR_SUCCESS) return Complain("cannot start a session");
  int failed = 0;
  if (!RunSecondary(argv[1], key, argv[3])) {
    fprintf(stderr, "%s failed\n", argv[1]);
    failed = 1;
  } else if (Show(session) != ERROR_SUCCESS) {
    failed = Complain("cannot list who uses the files");
  } else {
    /* 0: ask, and leave alone who does not want to. Who was stopped comes back below, even if not
     * everybody left, and even if this program is killed now. */
    if (RmShutdown(session, 0, OnPercent) != ERROR_SUCCESS)
      failed = Complain("nothing was replaced");
    else if (rename(argv[2], argv[3]) != 0)
      perror(argv[3]), failed = 1;
    if (RmRestart(session, 0, OnPercent) != ERROR_SUCCESS) failed = Complain("not all came back");
  }
  /* Without RmRestart, what was stopped would stay down from here on. */
  RmEndSession(session);
  return failed;
}
