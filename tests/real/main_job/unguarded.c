/* An installer that wants no guard: unguarded TREE. Says at each step that it is done, and goes on
 * when it is told to. */
#include <restartmanager.h>
#include <restartmanagerx.h>
#include <stdio.h>
#include <stdlib.h>

static void Must(DWORD code, const char *what) {
  if (code == ERROR_SUCCESS) return;
  fprintf(stderr, "%s: %u: %s\n", what, (unsigned)code, RmxGetErrorText());
  exit(1);
}

static void SayAndWait(const char *what) {
  char told[16];
  puts(what);
  fflush(stdout);
  if (!fgets(told, sizeof told, stdin)) exit(1);
}

int main(int argc, char **argv) {
  DWORD session;
  char key[CCH_RM_SESSION_KEY + 1];
  if (argc != 2) return 2;
  Must(RmxStartSession(&session, NULL, key), "start");
  Must(RmxSetOption(session, RmxOptionGuard, 0), "guard off");
  Must(RmxRegisterTree(session, argv[1], 0, NULL), "tree");
  Must(RmShutdown(session, 0, NULL), "stop");
  SayAndWait("stopped");
  Must(RmRestart(session, 0, NULL), "restart");
  SayAndWait("restarted");
  Must(RmEndSession(session), "end");
  return 0;
}
