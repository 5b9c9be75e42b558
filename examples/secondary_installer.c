/* An installer that is run by another one, and only says what it replaces.
 *
 *   secondary_installer KEY FILE...
 *
 *   cc secondary_installer.c -lrstrtmgr */
#include <restartmanager.h>
#include <restartmanagerx.h>
#include <stdio.h>

static int Complain(const char *what) {
  fprintf(stderr, "%s: %s\n", what, RmxGetErrorText());
  return 1;
}

int main(int argc, char *argv[]) {
  if (argc < 3) {
    fprintf(stderr, "usage: %s KEY FILE...\n", argv[0]);
    return 2;
  }
  WCHAR key[CCH_RM_SESSION_KEY + 1] = {0};
  for (int i = 0; i < CCH_RM_SESSION_KEY && argv[1][i]; ++i) key[i] = (unsigned char)argv[1][i];
  DWORD session;
  if (RmJoinSession(&session, key) != ERROR_SUCCESS) return Complain("cannot join the session");

  /* All at once: many calls with one file each would take much longer. This is the call for file
   * names in UTF-8; RmRegisterResources is the same for UTF-16. */
  int failed = 0;
  if (RmxRegisterResources(session, (UINT)argc - 2, (const char *const *)argv + 2, 0, NULL, 0,
                           NULL) != ERROR_SUCCESS)
    failed = Complain("cannot register the files");

  /* Who joined may do no more than this. The session goes on. */
  RmEndSession(session);
  return failed;
}
