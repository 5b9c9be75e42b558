#include <errno.h>
#include <string.h>

#include "check.h"
#include "world.h"

static const DWORD kUntouched = 0xABCD;

static void TheFirstHandleIsZero(void) {
  DWORD first = kUntouched, second = kUntouched;
  WCHAR key[33];
  CHECK_EQ(RmStartSession(&first, 0, key), ERROR_SUCCESS);
  CHECK_EQ(first, 0);
  CHECK_EQ(RmStartSession(&second, 0, key), ERROR_SUCCESS);
  CHECK_EQ(second, 1);
  CHECK_EQ(RmEndSession(first), ERROR_SUCCESS);
  CHECK_EQ(RmStartSession(&first, 0, key), ERROR_SUCCESS);
  CHECK_EQ(first, 0);
  CHECK_EQ(RmEndSession(first), ERROR_SUCCESS);
  CHECK_EQ(RmEndSession(second), ERROR_SUCCESS);
}

static void AKeyIsThirtyTwoHexDigitsAndANul(void) {
  DWORD session;
  WCHAR key[40];
  memset(key, 0xAA, sizeof key);
  CHECK_EQ(RmStartSession(&session, 0, key), ERROR_SUCCESS);
  for (int i = 0; i < 32; ++i)
    CHECK((key[i] >= u'0' && key[i] <= u'9') || (key[i] >= u'a' && key[i] <= u'f'));
  CHECK_EQ(key[32], 0);
  for (int i = 33; i < 40; ++i) CHECK_EQ(key[i], 0xAAAA);
  CHECK_EQ(RmEndSession(session), ERROR_SUCCESS);
}

/* The most copied C# declarations give 8-bit text on Linux: the GUID with dashes that the caller
 * passes in and goes on to use as the key (contract.md 23.2). */
static void AnEightBitCallersGuidIsItsKey(void) {
  static const char kGuid[] = "01234567-89ab-cdef-0123-456789ABCDEF";
  DWORD session = kUntouched, joined = kUntouched;
  char buffer[64];
  memset(buffer, 0x55, sizeof buffer);
  strcpy(buffer, kGuid);
  CHECK_EQ(RmStartSession(&session, 0, (WCHAR *)buffer), ERROR_SUCCESS);
  CHECK_EQ(strlen(buffer), 32);
  CHECK_EQ(strspn(buffer, "0123456789abcdef"), 32);
  for (size_t i = sizeof kGuid; i < sizeof buffer; ++i) CHECK_EQ(buffer[i], 0x55);

  CHECK_EQ(RmJoinSession(&joined, (const WCHAR *)kGuid), ERROR_SUCCESS);
  CHECK_EQ(RmEndSession(joined), ERROR_SUCCESS);
  CHECK_EQ(RmJoinSession(&joined, (const WCHAR *)buffer), ERROR_SUCCESS);
  CHECK_EQ(RmEndSession(joined), ERROR_SUCCESS);
  CHECK_EQ(RmJoinSession(&joined, Wide(buffer)), ERROR_SUCCESS);
  CHECK_EQ(RmEndSession(joined), ERROR_SUCCESS);
  CHECK_EQ(RmEndSession(session), ERROR_SUCCESS);
  CHECK_EQ(RmJoinSession(&joined, (const WCHAR *)kGuid), ERROR_SESSION_CREDENTIAL_CONFLICT);
}

static void NullPointersAndFlagsAreBadArguments(void) {
  DWORD session = kUntouched;
  WCHAR key[33] = u"x";
  CHECK_EQ(RmStartSession(NULL, 0, key), ERROR_BAD_ARGUMENTS);
  CHECK_EQ(RmStartSession(&session, 0, NULL), ERROR_BAD_ARGUMENTS);
  CHECK_EQ(RmStartSession(&session, 1, key), ERROR_BAD_ARGUMENTS);
  CHECK_EQ(RmJoinSession(NULL, key), ERROR_BAD_ARGUMENTS);
  CHECK_EQ(RmJoinSession(&session, NULL), ERROR_BAD_ARGUMENTS);
  CHECK_EQ(RmxStartSession(&session, NULL, NULL), ERROR_BAD_ARGUMENTS);
  CHECK_EQ(RmxOpenSession(&session, NULL), ERROR_BAD_ARGUMENTS);
  CHECK_EQ(session, kUntouched);
  CHECK_EQ(key[0], u'x');
}

static void SixtyFourSessionsAreOpenAtATime(void) {
  DWORD sessions[64], another = kUntouched;
  WCHAR key[33];
  for (int i = 0; i < 64; ++i) {
    CHECK_EQ(RmStartSession(&sessions[i], 0, key), ERROR_SUCCESS);
    CHECK_EQ(sessions[i], i);
  }
  CHECK_EQ(RmStartSession(&another, 0, key), ERROR_MAX_SESSIONS_REACHED);
  CHECK_EQ(RmJoinSession(&another, key), ERROR_MAX_SESSIONS_REACHED);
  CHECK_EQ(another, kUntouched);
  CHECK_EQ(RmEndSession(sessions[17]), ERROR_SUCCESS);
  CHECK_EQ(RmStartSession(&sessions[17], 0, key), ERROR_SUCCESS);
  CHECK_EQ(sessions[17], 17);
  for (int i = 0; i < 64; ++i) CHECK_EQ(RmEndSession(sessions[i]), ERROR_SUCCESS);
}

static void SeventyInARow(void) {
  for (int i = 0; i < 70; ++i) {
    DWORD session = kUntouched;
    WCHAR key[33];
    CHECK_EQ(RmStartSession(&session, 0, key), ERROR_SUCCESS);
    CHECK_EQ(RmEndSession(session), ERROR_SUCCESS);
  }
}

/* Every function that takes a handle. */
static void AllSayInvalid(DWORD session) {
  UINT needed = 7, count = 0;
  DWORD reasons = 7, size = 7;
  RM_UNIQUE_PROCESS nobody = {0};
  RMX_APP_LIST *apps = NULL;
  RMX_PLAN *plan = NULL;
  CHECK_EQ(RmRegisterResources(session, 0, NULL, 0, NULL, 0, NULL), ERROR_INVALID_HANDLE);
  CHECK_EQ(RmxRegisterResources(session, 0, NULL, 0, NULL, 0, NULL), ERROR_INVALID_HANDLE);
  CHECK_EQ(RmGetList(session, &needed, &count, NULL, &reasons), ERROR_INVALID_HANDLE);
  CHECK_EQ(RmShutdown(session, 0, NULL), ERROR_INVALID_HANDLE);
  CHECK_EQ(RmRestart(session, 0, NULL), ERROR_INVALID_HANDLE);
  CHECK_EQ(RmCancelCurrentTask(session), ERROR_INVALID_HANDLE);
  CHECK_EQ(RmAddFilter(session, NULL, &nobody, NULL, RmNoRestart), ERROR_INVALID_HANDLE);
  CHECK_EQ(RmRemoveFilter(session, NULL, &nobody, NULL), ERROR_INVALID_HANDLE);
  CHECK_EQ(RmGetFilterList(session, NULL, 0, &size), ERROR_INVALID_HANDLE);
  CHECK_EQ(RmxGetApps(session, &apps), ERROR_INVALID_HANDLE);
  CHECK_EQ(RmxGetPlan(session, 0, &plan), ERROR_INVALID_HANDLE);
  CHECK_EQ(RmxSetOption(session, RmxOptionRelaunch, 1), ERROR_INVALID_HANDLE);
  CHECK_EQ(RmxSetObserver(session, NULL, NULL), ERROR_INVALID_HANDLE);
  CHECK_EQ(RmxCloseSession(session), ERROR_INVALID_HANDLE);
  CHECK_EQ(RmEndSession(session), ERROR_INVALID_HANDLE);
  CHECK_EQ(needed, 7);
  CHECK_EQ(reasons, 7);
  CHECK_EQ(size, 7);
  CHECK(!apps && !plan);
}

static void AnEndedOrUnknownHandleIsInvalid(void) {
  DWORD session;
  WCHAR key[33];
  AllSayInvalid(0);
  CHECK_EQ(RmStartSession(&session, 0, key), ERROR_SUCCESS);
  CHECK_EQ(RmEndSession(session), ERROR_SUCCESS);
  AllSayInvalid(session);
  AllSayInvalid(64);
  AllSayInvalid(0xFFFFFFFF);
}

static void JoiningGivesAnotherHandle(void) {
  DWORD primary, joined = kUntouched;
  WCHAR key[33];
  CHECK_EQ(RmStartSession(&primary, 0, key), ERROR_SUCCESS);
  CHECK_EQ(RmJoinSession(&joined, key), ERROR_SUCCESS);
  CHECK(joined != primary);
  CHECK_EQ(RmEndSession(joined), ERROR_SUCCESS);
  CHECK_EQ(RmEndSession(joined), ERROR_INVALID_HANDLE);
  for (int i = 0; i < 32; ++i)
    if (key[i] >= u'a') key[i] = (WCHAR)(key[i] - u'a' + u'A');
  CHECK_EQ(RmJoinSession(&joined, key), ERROR_SUCCESS);
  CHECK_EQ(RmEndSession(joined), ERROR_SUCCESS);
  CHECK_EQ(RmEndSession(primary), ERROR_SUCCESS);
}

static void AKeyOfNoSessionIsRefused(void) {
  static const WCHAR *const kBad[] = {u"",
                                      u"0123456789abcdef0123456789abcde",
                                      u"0123456789abcdef0123456789abcdef",
                                      u"0123456789abcdef0123456789abcdef0",
                                      u"zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz",
                                      u"\xD800"};
  DWORD session, joined = kUntouched;
  WCHAR key[34];
  CHECK_EQ(RmStartSession(&session, 0, key), ERROR_SUCCESS);
  for (size_t i = 0; i < COUNT(kBad); ++i)
    CHECK_EQ(RmJoinSession(&joined, kBad[i]), ERROR_SESSION_CREDENTIAL_CONFLICT);
  key[32] = u'0';
  key[33] = 0;
  CHECK_EQ(RmJoinSession(&joined, key), ERROR_SESSION_CREDENTIAL_CONFLICT);
  key[32] = 0;
  CHECK_EQ(RmEndSession(session), ERROR_SUCCESS);
  CHECK_EQ(RmJoinSession(&joined, key), ERROR_SESSION_CREDENTIAL_CONFLICT);
  CHECK_EQ(joined, kUntouched);
}

static void AnotherProcessRegistersAndThePrimarySees(void) {
  char key[33];
  WCHAR wide[33];
  DWORD session;
  const char *path = NewFile("library");
  struct Child *child = StartHolder(path, kLeaves);
  CHECK_EQ(RmStartSession(&session, 0, wide), ERROR_SUCCESS);
  Narrow(wide, key, sizeof key);
  CHECK_EQ(List(session).count, 0);
  CHECK_EQ(RunSelf("register", key, path), 0);
  CHECK(StatusOf(session, child) >= 0);
  CHECK_EQ(RmEndSession(session), ERROR_SUCCESS);
  CHECK_EQ(RunSelf("register", key, path), 1);
}

static void WhoJoinedMayOnlyRegisterAndEnd(void) {
  DWORD primary, session;
  WCHAR key[33];
  UINT needed = 7, count = 0;
  DWORD reasons = 7, size = 7;
  RM_UNIQUE_PROCESS nobody = {0};
  RMX_APP_LIST *apps = NULL;
  RMX_PLAN *plan = NULL;
  CHECK_EQ(RmStartSession(&primary, 0, key), ERROR_SUCCESS);
  CHECK_EQ(RmJoinSession(&session, key), ERROR_SUCCESS);
  CHECK_EQ(RegisterFile(session, "/not/there"), ERROR_SUCCESS);
  CHECK_EQ(RmGetList(session, &needed, &count, NULL, &reasons), ERROR_SESSION_CREDENTIAL_CONFLICT);
  CHECK_EQ(RmShutdown(session, 0, NULL), ERROR_SESSION_CREDENTIAL_CONFLICT);
  CHECK_EQ(RmRestart(session, 0, NULL), ERROR_SESSION_CREDENTIAL_CONFLICT);
  CHECK_EQ(RmCancelCurrentTask(session), ERROR_SESSION_CREDENTIAL_CONFLICT);
  CHECK_EQ(RmAddFilter(session, NULL, &nobody, NULL, RmNoRestart),
           ERROR_SESSION_CREDENTIAL_CONFLICT);
  CHECK_EQ(RmRemoveFilter(session, NULL, &nobody, NULL), ERROR_SESSION_CREDENTIAL_CONFLICT);
  CHECK_EQ(RmGetFilterList(session, NULL, 0, &size), ERROR_SESSION_CREDENTIAL_CONFLICT);
  CHECK_EQ(RmxGetApps(session, &apps), ERROR_SESSION_CREDENTIAL_CONFLICT);
  CHECK_EQ(RmxGetPlan(session, 0, &plan), ERROR_SESSION_CREDENTIAL_CONFLICT);
  CHECK_EQ(needed + reasons + size, 21);
  CHECK_EQ(RmEndSession(session), ERROR_SUCCESS);
  CHECK_EQ(List(primary).code, ERROR_SUCCESS);
  CHECK_EQ(RmEndSession(primary), ERROR_SUCCESS);
}

static void AfterThePrimarysEndAJoinedHandleIsInvalid(void) {
  DWORD primary, joined;
  WCHAR key[33];
  CHECK_EQ(RmStartSession(&primary, 0, key), ERROR_SUCCESS);
  CHECK_EQ(RmJoinSession(&joined, key), ERROR_SUCCESS);
  CHECK_EQ(RmEndSession(primary), ERROR_SUCCESS);
  CHECK_EQ(RegisterFile(joined, "/not/there"), ERROR_INVALID_HANDLE);
  CHECK_EQ(RmEndSession(joined), ERROR_SUCCESS);
}

static void AbandonedSessionsMakeRoom(void) {
  DWORD session;
  WCHAR key[33];
  CHECK_EQ(RunSelf("abandon", NULL, NULL), 0);
  CHECK_EQ(RmStartSession(&session, 0, key), ERROR_SUCCESS);
  RMX_SESSION_LIST *list = NULL;
  CHECK_EQ(RmxGetSessions(&list), ERROR_SUCCESS);
  CHECK(list && list->nSessions == 1 && list->rgSessions[0].bOwnerAlive);
  RmxFree(list);
  CHECK_EQ(RmEndSession(session), ERROR_SUCCESS);
}

static void ASessionOfAnotherOwnerOutlivesItsHandle(void) {
  struct Child *owner = StartHolder(NewFile("f"), kLeaves);
  DWORD session, again = kUntouched;
  char key[33];
  CHECK_EQ(RmxStartSession(&session, &owner->id, key), ERROR_SUCCESS);
  CHECK_EQ(strlen(key), 32);
  CHECK_EQ(RegisterFile(session, "/not/there"), ERROR_SUCCESS);
  CHECK_EQ(RmxCloseSession(session), ERROR_SUCCESS);
  CHECK_EQ(RmEndSession(session), ERROR_INVALID_HANDLE);
  CHECK_EQ(RmxOpenSession(&again, key), ERROR_SUCCESS);
  RMX_SESSION_LIST *list = NULL;
  CHECK_EQ(RmxGetSessions(&list), ERROR_SUCCESS);
  CHECK(list && list->cbSession == sizeof(RMX_SESSION) && list->nSessions == 1);
  CHECK_EQ(list->rgSessions[0].Owner.dwProcessId, owner->pid);
  CHECK_EQ(list->rgSessions[0].nFiles, 1);
  CHECK(list->rgSessions[0].bOwnerAlive);
  RmxFree(list);
  EndChild(owner);
  CHECK_EQ(RmxGetSessions(&list), ERROR_SUCCESS);
  CHECK(!list->rgSessions[0].bOwnerAlive);
  RmxFree(list);
  CHECK_EQ(RmEndSession(again), ERROR_SUCCESS);
  CHECK_EQ(RmxStartSession(&session, &owner->id, key), ERROR_BAD_ARGUMENTS);
}

const struct Test kSessionTests[] = {
    {"TheFirstHandleIsZero", TheFirstHandleIsZero},
    {"AKeyIsThirtyTwoHexDigitsAndANul", AKeyIsThirtyTwoHexDigitsAndANul},
    {"AnEightBitCallersGuidIsItsKey", AnEightBitCallersGuidIsItsKey},
    {"NullPointersAndFlagsAreBadArguments", NullPointersAndFlagsAreBadArguments},
    {"SixtyFourSessionsAreOpenAtATime", SixtyFourSessionsAreOpenAtATime},
    {"SeventyInARow", SeventyInARow},
    {"AnEndedOrUnknownHandleIsInvalid", AnEndedOrUnknownHandleIsInvalid},
    {"JoiningGivesAnotherHandle", JoiningGivesAnotherHandle},
    {"AKeyOfNoSessionIsRefused", AKeyOfNoSessionIsRefused},
    {"AnotherProcessRegistersAndThePrimarySees", AnotherProcessRegistersAndThePrimarySees},
    {"WhoJoinedMayOnlyRegisterAndEnd", WhoJoinedMayOnlyRegisterAndEnd},
    {"AfterThePrimarysEndAJoinedHandleIsInvalid", AfterThePrimarysEndAJoinedHandleIsInvalid},
    {"AbandonedSessionsMakeRoom", AbandonedSessionsMakeRoom},
    {"ASessionOfAnotherOwnerOutlivesItsHandle", ASessionOfAnotherOwnerOutlivesItsHandle},
    {NULL, NULL},
};
