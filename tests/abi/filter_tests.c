#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "world.h"

static size_t Length(const WCHAR *text) {
  size_t length = 0;
  while (text[length]) ++length;
  return length;
}

static int Same(const WCHAR *a, const WCHAR *b) {
  return Length(a) == Length(b) && memcmp(a, b, Length(a) * sizeof *a) == 0;
}

static void ExactlyOneTargetAndAKnownAction(void) {
  const DWORD session = SessionWith("/not/there");
  RM_UNIQUE_PROCESS process = {0};
  const WCHAR *text = u"/bin/x";
  CHECK_EQ(RmAddFilter(session, NULL, NULL, NULL, RmNoRestart), ERROR_BAD_ARGUMENTS);
  CHECK_EQ(RmAddFilter(session, text, &process, NULL, RmNoRestart), ERROR_BAD_ARGUMENTS);
  CHECK_EQ(RmAddFilter(session, text, NULL, text, RmNoRestart), ERROR_BAD_ARGUMENTS);
  CHECK_EQ(RmAddFilter(session, NULL, &process, text, RmNoRestart), ERROR_BAD_ARGUMENTS);
  CHECK_EQ(RmAddFilter(session, text, NULL, NULL, RmInvalidFilterAction), ERROR_BAD_ARGUMENTS);
  CHECK_EQ(RmAddFilter(session, text, NULL, NULL, (RM_FILTER_ACTION)3), ERROR_BAD_ARGUMENTS);
  CHECK_EQ(RmRemoveFilter(session, NULL, NULL, NULL), ERROR_BAD_ARGUMENTS);
  CHECK_EQ(RmRemoveFilter(session, text, NULL, text), ERROR_BAD_ARGUMENTS);
  CHECK_EQ(RmRemoveFilter(session, text, NULL, NULL), ERROR_FILE_NOT_FOUND);
  CHECK_EQ(RmEndSession(session), ERROR_SUCCESS);
}

static void NoFiltersNeedNoBuffer(void) {
  const DWORD session = SessionWith("/not/there");
  DWORD needed = 7;
  CHECK_EQ(RmGetFilterList(session, NULL, 0, &needed), ERROR_SUCCESS);
  CHECK_EQ(needed, 0);
  CHECK_EQ(RmGetFilterList(session, NULL, 0, NULL), ERROR_MORE_DATA);
  CHECK_EQ(RmGetFilterList(session, NULL, 1, &needed), ERROR_BAD_ARGUMENTS);
  CHECK_EQ(RmEndSession(session), ERROR_SUCCESS);
}

static void TheThreeKindsComeBackAsTheyWereSupplied(void) {
  static const WCHAR *const kProgram = u"/opt//My App/../\u00E9.bin";
  static const WCHAR *const kService = u"NGinx";
  struct Child *child = StartHolder(NewFile("f"), kLeaves);
  const DWORD session = SessionWith("/not/there");
  CHECK_EQ(RmAddFilter(session, kProgram, NULL, NULL, RmNoRestart), ERROR_SUCCESS);
  CHECK_EQ(RmAddFilter(session, NULL, &child->id, NULL, RmNoShutdown), ERROR_SUCCESS);
  CHECK_EQ(RmAddFilter(session, NULL, NULL, kService, RmNoShutdown), ERROR_SUCCESS);

  DWORD needed = 0, unchanged = 0;
  CHECK_EQ(RmGetFilterList(session, NULL, 0, &needed), ERROR_MORE_DATA);
  CHECK(needed >= 3 * sizeof(RM_FILTER_INFO) + (Length(kProgram) + Length(kService) + 2) * 2);
  PBYTE buffer = aligned_alloc(_Alignof(RM_FILTER_INFO), (needed / 16 + 2) * 16);
  memset(buffer, 0xAA, needed + 1);
  CHECK_EQ(RmGetFilterList(session, buffer, needed - 1, &unchanged), ERROR_MORE_DATA);
  CHECK_EQ(unchanged, needed);
  CHECK_EQ(buffer[0], 0xAA);
  CHECK_EQ(RmGetFilterList(session, buffer, needed, &needed), ERROR_SUCCESS);
  CHECK_EQ(buffer[needed], 0xAA);

  const RM_FILTER_INFO *record = (const RM_FILTER_INFO *)buffer;
  for (int i = 0; i < 3; ++i) {
    CHECK_EQ((uintptr_t)record % _Alignof(RM_FILTER_INFO), 0);
    CHECK((const unsigned char *)(record + 1) <= buffer + needed);
    if (i < 2) CHECK(record->cbNextOffset >= sizeof *record);
    const PBYTE text = (PBYTE)record->strFilename;
    if (i == 0) {
      CHECK_EQ(record->FilterTrigger, RmFilterTriggerFile);
      CHECK_EQ(record->FilterAction, RmNoRestart);
      CHECK(text >= (PBYTE)(record + 1) && text < (PBYTE)record + record->cbNextOffset);
      CHECK(Same(record->strFilename, kProgram));
    } else if (i == 1) {
      CHECK_EQ(record->FilterTrigger, RmFilterTriggerProcess);
      CHECK_EQ(record->FilterAction, RmNoShutdown);
      CHECK(memcmp(&record->Process, &child->id, sizeof child->id) == 0);
    } else {
      CHECK_EQ(record->FilterTrigger, RmFilterTriggerService);
      CHECK(text >= (PBYTE)(record + 1) && text < buffer + needed);
      CHECK(Same(record->strServiceShortName, kService));
      CHECK_EQ(record->cbNextOffset, 0);
    }
    record = (const RM_FILTER_INFO *)((const unsigned char *)record + record->cbNextOffset);
  }
  free(buffer);
  CHECK_EQ(RmEndSession(session), ERROR_SUCCESS);
}

static void TheNewestOfOneTargetReplacesAndCanBeRemoved(void) {
  const DWORD session = SessionWith("/not/there");
  RM_FILTER_INFO one[4];
  DWORD needed = 0;
  CHECK_EQ(RmAddFilter(session, u"/bin/x", NULL, NULL, RmNoRestart), ERROR_SUCCESS);
  CHECK_EQ(RmAddFilter(session, u"/bin/x", NULL, NULL, RmNoShutdown), ERROR_SUCCESS);
  CHECK_EQ(RmGetFilterList(session, (PBYTE)one, sizeof one, &needed), ERROR_SUCCESS);
  CHECK_EQ(one[0].cbNextOffset, 0);
  CHECK_EQ(one[0].FilterAction, RmNoShutdown);
  CHECK_EQ(RmRemoveFilter(session, u"/bin/x", NULL, NULL), ERROR_SUCCESS);
  CHECK_EQ(RmRemoveFilter(session, u"/bin/x", NULL, NULL), ERROR_FILE_NOT_FOUND);
  CHECK_EQ(RmGetFilterList(session, NULL, 0, &needed), ERROR_SUCCESS);
  CHECK_EQ(RmEndSession(session), ERROR_SUCCESS);
}

static void AMaskedHolderStaysAndTheOthersLeave(void) {
  if (!ChildrenAreAppsOfTheirOwn()) return;
  const char *path = NewFile("library");
  struct Child *kept = StartHolder(path, kLeaves), *other = StartHolder(path, kLeaves);
  const DWORD session = SessionWith(path);
  CHECK_EQ(RmAddFilter(session, NULL, &kept->id, NULL, RmNoShutdown), ERROR_SUCCESS);
  CHECK_EQ(RmAddFilter(session, NULL, &other->id, NULL, RmNoRestart), ERROR_SUCCESS);
  CHECK_EQ(RmShutdown(session, 0, NULL), ERROR_SUCCESS);
  CHECK(IsAlive(kept) && !IsAlive(other));
  CHECK_EQ(RmRestart(session, 0, NULL), ERROR_SUCCESS);
  CHECK_EQ(StatusOf(session, kept),
           RmStatusRunning | RmStatusShutdownMasked | RmStatusRestartMasked);
  CHECK_EQ(StatusOf(session, other), RmStatusStopped | RmStatusRestartMasked);
  CHECK_EQ(RmEndSession(session), ERROR_SUCCESS);
}

const struct Test kFilterTests[] = {
    {"ExactlyOneTargetAndAKnownAction", ExactlyOneTargetAndAKnownAction},
    {"NoFiltersNeedNoBuffer", NoFiltersNeedNoBuffer},
    {"TheThreeKindsComeBackAsTheyWereSupplied", TheThreeKindsComeBackAsTheyWereSupplied},
    {"TheNewestOfOneTargetReplacesAndCanBeRemoved", TheNewestOfOneTargetReplacesAndCanBeRemoved},
    {"AMaskedHolderStaysAndTheOthersLeave", AMaskedHolderStaysAndTheOthersLeave},
    {NULL, NULL},
};
