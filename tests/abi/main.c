/* The C ABI as a C11 program sees it, on processes that it forks. No argument: all tests.
 *
 *   register KEY PATH  joins the session, registers the file, and finds everything else forbidden
 *   abandon            starts sessions until there is no room, and ends without a word
 *   join KEY, start    does that, and exits with the code */
#include <stdio.h>
#include <string.h>

#include "check.h"
#include "world.h"

/* The codes that portable.c cannot compare. */
_Static_assert(ERROR_FAIL_NOACTION_REBOOT == 350 && ERROR_FAIL_SHUTDOWN == 351 &&
                   ERROR_FAIL_RESTART == 352 && ERROR_MAX_SESSIONS_REACHED == 353 &&
                   ERROR_REQUEST_OUT_OF_SEQUENCE == 776,
               "codes of Windows");

static int Register(const char *key, const char *path) {
  DWORD session = 0;
  UINT needed = 0, count = 0;
  DWORD reasons = 0;
  if (RmJoinSession(&session, Wide(key)) != ERROR_SUCCESS) return 1;
  if (RegisterFile(session, path) != ERROR_SUCCESS) return 2;
  if (RmGetList(session, &needed, &count, NULL, &reasons) != ERROR_SESSION_CREDENTIAL_CONFLICT)
    return 3;
  return RmEndSession(session) == ERROR_SUCCESS ? 0 : 4;
}

static int Abandon(void) {
  DWORD session = 0;
  WCHAR key[CCH_RM_SESSION_KEY + 1];
  for (int i = 0; i < 64; ++i)
    if (RmStartSession(&session, 0, key) != ERROR_SUCCESS) return 1;
  return RmStartSession(&session, 0, key) == ERROR_MAX_SESSIONS_REACHED ? 0 : 2;
}

/* As the exit status: the lower eight bits of a code. */
static int Join(const char *key) {
  DWORD session = 0;
  return (int)(RmJoinSession(&session, Wide(key)) & 0xFF);
}

static int Start(void) {
  DWORD session = 0;
  WCHAR key[CCH_RM_SESSION_KEY + 1];
  const DWORD code = RmStartSession(&session, 0, key);
  if (code == ERROR_SUCCESS) RmEndSession(session);
  return (int)(code & 0xFF);
}

int main(int argc, char **argv) {
  if (argc == 4 && strcmp(argv[1], "register") == 0) return Register(argv[2], argv[3]);
  if (argc == 2 && strcmp(argv[1], "abandon") == 0) return Abandon();
  if (argc == 3 && strcmp(argv[1], "join") == 0) return Join(argv[2]);
  if (argc == 2 && strcmp(argv[1], "start") == 0) return Start();
  if (argc != 1) return 125;
  const struct Test *const lists[] = {kSessionTests, kResourceTests, kListTests,    kTaskTests,
                                      kTalkTests,    kCrowdTests,    kFilterTests,  kStoreTests,
                                      kOrderTests,   kTroubleTests,  kReturnTests,  kTreeTests,
                                      kOpenTests,    kStaleTests,    kLongPathTests};
  for (size_t i = 0; i < COUNT(lists); ++i) RunTests(lists[i]);
  return Sum();
}
