/* Story: a program's last destructors begin sessions and look around, as those of a global object
 * do. The library's own variables must still be there: it ended in a crash. */
#include <restartmanager.h>
#include <restartmanagerx.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char store[] = "/tmp/rm-late-XXXXXX";

static void Must(int holds, const char *what) {
  if (holds) return;
  fprintf(stderr, "late: %s: %s\n", what, RmxGetErrorText());
  _exit(1);
}

static void UseAll(void) {
  const char *const files[] = {"/proc/self/exe"}, *const none[] = {"relative"};
  DWORD session;
  char key[CCH_RM_SESSION_KEY + 1];
  Must(RmxStartSession(&session, NULL, key) == 0, "start");
  Must(RmxRegisterResources(session, 1, none, 0, NULL, 0, NULL) == ERROR_BAD_ARGUMENTS, "refuse");
  Must(strstr(RmxGetErrorText(), "not an absolute path") != NULL, "say why");
  Must(RmxRegisterResources(session, 1, files, 0, NULL, 0, NULL) == 0, "register");
  RMX_APP_LIST *apps;
  Must(RmxGetApps(session, &apps) == 0, "list");
  RmxFree(apps);
  Must(RmEndSession(session) == 0, "end");
  RMX_STALE_LIST *stale;
  Must(RmxGetStale(0, &stale) == 0, "look for what is stale");
  RmxFree(stale);
}

__attribute__((constructor)) static void First(void) {
  if (!mkdtemp(store) || setenv("RESTART_MANAGER_DIR", store, 1) != 0) _exit(1);
  UseAll();
}

__attribute__((destructor)) static void Last(void) {
  UseAll();
  fprintf(stderr, "late: used before main, and after it\n");
  execlp("rm", "rm", "-r", store, (char *)NULL);
}

int main(void) { return 0; }
