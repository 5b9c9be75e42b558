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

static void Say(const char *what) {
  puts(what);
  fflush(stdout);
  while (getchar() != '\n') continue;
}

int main(int argc, char **argv) {
  DWORD session;
  char key[CCH_RM_SESSION_KEY + 1];
  if (argc != 2) return 2;
  Must(RmxStartSession(&session, NULL, key), "start");
  Must(RmxSetOption(session, RmxOptionGuard, 0), "guard off");
  Must(RmxRegisterTree(session, argv[1], 0, NULL), "tree");
  Must(RmShutdown(session, 0, NULL), "stop");
  Say("stopped");
  Must(RmRestart(session, 0, NULL), "restart");
  Say("restarted");
  Must(RmEndSession(session), "end");
  return 0;
}
