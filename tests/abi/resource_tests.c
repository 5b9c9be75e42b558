#include <stdio.h>
#include <string.h>

#include "check.h"
#include "programs.h"
#include "world.h"

static void SizesAndOffsetsAreThoseOfWindows(void) {
  CHECK_EQ(sizeof(WCHAR), 2);
  CHECK_EQ(sizeof(RM_UNIQUE_PROCESS), 12);
  CHECK_EQ(_Alignof(RM_UNIQUE_PROCESS), 4);
  CHECK_EQ(offsetof(RM_UNIQUE_PROCESS, ProcessStartTime), 4);
  CHECK_EQ(sizeof(RM_PROCESS_INFO), 668);
  CHECK_EQ(_Alignof(RM_PROCESS_INFO), 4);
  CHECK_EQ(offsetof(RM_PROCESS_INFO, strAppName), 12);
  CHECK_EQ(offsetof(RM_PROCESS_INFO, strServiceShortName), 524);
  CHECK_EQ(offsetof(RM_PROCESS_INFO, ApplicationType), 652);
  CHECK_EQ(offsetof(RM_PROCESS_INFO, AppStatus), 656);
  CHECK_EQ(offsetof(RM_PROCESS_INFO, TSSessionId), 660);
  CHECK_EQ(offsetof(RM_PROCESS_INFO, bRestartable), 664);
  CHECK_EQ(sizeof(RM_FILTER_INFO), sizeof(void *) == 8 ? 32 : 24);
  CHECK_EQ(offsetof(RM_FILTER_INFO, FilterTrigger), 4);
  CHECK_EQ(offsetof(RM_FILTER_INFO, cbNextOffset), 8);
  CHECK_EQ(offsetof(RM_FILTER_INFO, strFilename), sizeof(void *) == 8 ? 16 : 12);
  CHECK_EQ(offsetof(RM_FILTER_INFO, Process), offsetof(RM_FILTER_INFO, strServiceShortName));
}

static void ACountWithoutAnArrayIsABadArgument(void) {
  const DWORD session = SessionWith("/not/there");
  LPCWSTR names[] = {u"/a", NULL};
  RM_UNIQUE_PROCESS nobody = {0};
  CHECK_EQ(RmRegisterResources(session, 1, NULL, 0, NULL, 0, NULL), ERROR_BAD_ARGUMENTS);
  CHECK_EQ(RmRegisterResources(session, 0, NULL, 1, NULL, 0, NULL), ERROR_BAD_ARGUMENTS);
  CHECK_EQ(RmRegisterResources(session, 0, NULL, 0, NULL, 1, NULL), ERROR_BAD_ARGUMENTS);
  CHECK_EQ(RmRegisterResources(session, 2, names, 0, NULL, 0, NULL), ERROR_BAD_ARGUMENTS);
  CHECK_EQ(RmRegisterResources(session, 0, NULL, 0, NULL, 0, NULL), ERROR_SUCCESS);
  CHECK_EQ(RmRegisterResources(session, 0, names, 0, &nobody, 0, names), ERROR_SUCCESS);
  CHECK_EQ(RmEndSession(session), ERROR_SUCCESS);
}

static void OnlyAbsolutePathsAndProperNames(void) {
  const DWORD session = SessionWith("/not/there");
  static const WCHAR *const kBadFiles[] = {u"relative", u"./a", u"", u"C:\\a.dll", u"/a\xD800"};
  static const WCHAR *const kBadServices[] = {u"", u"no/service", u"user:x/a", u"a b"};
  for (size_t i = 0; i < COUNT(kBadFiles); ++i) {
    LPCWSTR names[] = {kBadFiles[i]};
    CHECK_EQ(RmRegisterResources(session, 1, names, 0, NULL, 0, NULL), ERROR_BAD_ARGUMENTS);
  }
  for (size_t i = 0; i < COUNT(kBadServices); ++i) {
    LPCWSTR names[] = {kBadServices[i]};
    CHECK_EQ(RmRegisterResources(session, 0, NULL, 0, NULL, 1, names), ERROR_BAD_ARGUMENTS);
  }
  CHECK_EQ(RmEndSession(session), ERROR_SUCCESS);
}

static void RepeatedMissingAndManyFilesAreFine(void) {
  enum { kMany = 1200 };
  static char paths[kMany][32];
  static const char *names[kMany];
  for (int i = 0; i < kMany; ++i) {
    snprintf(paths[i], sizeof paths[i], "/not/there/%d", i / 2);
    names[i] = paths[i];
  }
  const DWORD session = SessionWith("/not/there");
  CHECK_EQ(RegisterFile(session, "/not/there"), ERROR_SUCCESS);
  CHECK_EQ(RmxRegisterResources(session, kMany, names, 0, NULL, 0, NULL), ERROR_SUCCESS);
  CHECK_EQ(List(session).code, ERROR_SUCCESS);
  CHECK_EQ(RmEndSession(session), ERROR_SUCCESS);
}

static void AnUnknownServiceNeverMatches(void) {
  const DWORD session = SessionWith("/not/there");
  LPCWSTR names[] = {u"rm-abi-test-no-such", u"rm-abi-test-no-such.service"};
  CHECK_EQ(RmRegisterResources(session, 0, NULL, 0, NULL, 2, names), ERROR_SUCCESS);
  const struct Listed list = List(session);
  CHECK_EQ(list.code, ERROR_SUCCESS);
  CHECK_EQ(list.count, 0);
  CHECK_EQ(RmEndSession(session), ERROR_SUCCESS);
}

static void ADirectoryHasNoUsersToList(void) {
  const DWORD session = SessionWith(FilesPath());
  CHECK_EQ(List(session).code, ERROR_ACCESS_DENIED);
  RMX_APP_LIST *apps = NULL;
  CHECK_EQ(RmxGetApps(session, &apps), ERROR_SUCCESS);
  RmxFree(apps);
  CHECK_EQ(RmEndSession(session), ERROR_SUCCESS);
}

static void ANameThatIsNotUtf8StaysWhatItIs(void) {
  const char *path = NewFile("\xFF-\xC3\xA9");
  struct Child *child = StartHolder(path, kLeaves);
  WCHAR wide[256];
  size_t used = 0;
  for (const char *c = FilesPath(); *c; ++c) wide[used++] = (unsigned char)*c;
  static const WCHAR kName[] = u"/\xDCFF-\u00E9";
  memcpy(wide + used, kName, sizeof kName);
  LPCWSTR names[] = {wide};
  const DWORD session = SessionWith("/not/there");
  CHECK_EQ(RmRegisterResources(session, 1, names, 0, NULL, 0, NULL), ERROR_SUCCESS);
  CHECK(StatusOf(session, child) >= 0);
  RMX_APP_LIST *apps = NULL;
  CHECK_EQ(RmxGetApps(session, &apps), ERROR_SUCCESS);
  CHECK(apps && apps->nApps == 1 && apps->rgApps[0].nHoldings == 1);
  CHECK(strcmp(apps->rgApps[0].rgHoldings[0].szPath, path) == 0);
  RmxFree(apps);
  CHECK_EQ(RmEndSession(session), ERROR_SUCCESS);
}

static void ARegisteredProcessIsAffectedByItself(void) {
  struct Child *child = StartHolder(NewFile("f"), kLeaves);
  const DWORD session = SessionWith("/not/there");
  CHECK_EQ(RmRegisterResources(session, 0, NULL, 1, &child->id, 0, NULL), ERROR_SUCCESS);
  CHECK(StatusOf(session, child) >= 0);
  CHECK_EQ(RmEndSession(session), ERROR_SUCCESS);
}

static void AProcessThatEndedOrAnotherWithItsPidIsIgnored(void) {
  struct Child *dead = StartHolder(NewFile("f"), kLeaves);
  struct Child *child = StartHolder(NewFile("f"), kLeaves);
  RM_UNIQUE_PROCESS stale[] = {dead->id, child->id, child->id, child->id};
  /* The smallest step a start time can have is 100 ns: such a process there never was. */
  stale[1].ProcessStartTime.dwLowDateTime += 1;
  stale[2].ProcessStartTime = (FILETIME){0, 0};
  /* A whole clock tick: the pid had another owner then. */
  stale[3].ProcessStartTime.dwLowDateTime -= 10000000 / 100;
  EndChild(dead);
  const DWORD session = SessionWith("/not/there");
  CHECK_EQ(RmRegisterResources(session, 0, NULL, COUNT(stale), stale, 0, NULL), ERROR_SUCCESS);
  const struct Listed list = List(session);
  CHECK_EQ(list.code, ERROR_SUCCESS);
  CHECK_EQ(list.count, 0);
  CHECK_EQ(RmShutdown(session, RmForceShutdown, NULL), ERROR_SUCCESS);
  CHECK(IsAlive(child));
  CHECK_EQ(RmEndSession(session), ERROR_SUCCESS);
}

/* It was called one that cannot be asked to leave, and nobody was stopped for its sake. */
static void WhoHasEndedAndIsNotWaitedForIsGone(void) {
  const char *path = NewFile("library");
  struct Child *child = StartHolder(path, kLeaves);
  EndAndAwait(child->pid);
  const DWORD session = SessionWith(path);
  CHECK_EQ(RmRegisterResources(session, 0, NULL, 1, &child->id, 0, NULL), ERROR_SUCCESS);
  CHECK_EQ(List(session).count, 0);
  CHECK_EQ(RmShutdown(session, 0, NULL), ERROR_SUCCESS);
  CHECK_EQ(RmEndSession(session), ERROR_SUCCESS);
}

static void DescribingNobodyIsABadArgument(void) {
  RM_UNIQUE_PROCESS process = {77, {7, 7}};
  CHECK_EQ(RmxDescribeProcess(0x7FFFFFFF, &process), ERROR_BAD_ARGUMENTS);
  CHECK_EQ(RmxDescribeProcess(1, NULL), ERROR_BAD_ARGUMENTS);
  CHECK_EQ(process.dwProcessId, 77);
}

const struct Test kResourceTests[] = {
    {"SizesAndOffsetsAreThoseOfWindows", SizesAndOffsetsAreThoseOfWindows},
    {"ACountWithoutAnArrayIsABadArgument", ACountWithoutAnArrayIsABadArgument},
    {"OnlyAbsolutePathsAndProperNames", OnlyAbsolutePathsAndProperNames},
    {"RepeatedMissingAndManyFilesAreFine", RepeatedMissingAndManyFilesAreFine},
    {"AnUnknownServiceNeverMatches", AnUnknownServiceNeverMatches},
    {"ADirectoryHasNoUsersToList", ADirectoryHasNoUsersToList},
    {"ANameThatIsNotUtf8StaysWhatItIs", ANameThatIsNotUtf8StaysWhatItIs},
    {"ARegisteredProcessIsAffectedByItself", ARegisteredProcessIsAffectedByItself},
    {"AProcessThatEndedOrAnotherWithItsPidIsIgnored",
     AProcessThatEndedOrAnotherWithItsPidIsIgnored},
    {"WhoHasEndedAndIsNotWaitedForIsGone", WhoHasEndedAndIsNotWaitedForIsGone},
    {"DescribingNobodyIsABadArgument", DescribingNobodyIsABadArgument},
    {NULL, NULL},
};
