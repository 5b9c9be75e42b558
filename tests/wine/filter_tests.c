#include "stage.h"

static DWORD cancelled_session;
static void OnBegin(UINT percent) {
  if (percent == 0) CHECK_EQ(RmCancelCurrentTask(cancelled_session), 0);
}

static void TheThreeKindsComeBackAsSuppliedAndOneIsLeftAlone(void) {
  const wchar_t *file = NewFile(L"filtered.txt");
  struct Holder masked = StartHolder(holder_gui, file, L"shown", 0);
  struct Holder other = StartHolder(holder_console, file, L"hidden nopatch", DETACHED_PROCESS);
  const DWORD session = With(file);
  RM_FILTER_INFO buffer[64];
  DWORD needed = 9;
  CHECK_EQ(RmGetFilterList(session, NULL, 0, &needed), 0);
  CHECK_EQ(needed, 0);
  CHECK_EQ(RmGetFilterList(session, NULL, 0, NULL), ERROR_MORE_DATA);
  CHECK_EQ(RmAddFilter(session, holder_gui, NULL, L"x", RmNoRestart), ERROR_BAD_ARGUMENTS);
  CHECK_EQ(RmAddFilter(session, holder_gui, NULL, NULL, RmInvalidFilterAction),
           ERROR_BAD_ARGUMENTS);
  wchar_t upper[MAX_PATH];
  wcscpy(upper, holder_gui);
  CharUpperW(upper);
  CHECK_EQ(RmAddFilter(session, upper, NULL, NULL, RmNoShutdown), 0);
  CHECK_EQ(RmAddFilter(session, NULL, NULL, L"Spooler", RmNoRestart), 0);
  CHECK_EQ(RmAddFilter(session, NULL, &other.id, NULL, RmNoRestart), 0);
  CHECK_EQ(RmGetFilterList(session, NULL, 0, &needed), ERROR_MORE_DATA);
  CHECK_EQ(RmGetFilterList(session, (PBYTE)buffer, sizeof buffer, &needed), 0);
  const RM_FILTER_INFO *filter = buffer;
  CHECK_EQ(filter->FilterTrigger, RmFilterTriggerFile);
  CHECK_EQ(wcscmp(filter->strFilename, upper), 0);
  filter = (const RM_FILTER_INFO *)((const BYTE *)filter + filter->cbNextOffset);
  CHECK_EQ(wcscmp(filter->strServiceShortName, L"Spooler"), 0);
  filter = (const RM_FILTER_INFO *)((const BYTE *)filter + filter->cbNextOffset);
  CHECK_EQ(memcmp(&filter->Process, &other.id, sizeof other.id), 0);
  CHECK_EQ(filter->cbNextOffset, 0);
  CHECK_EQ(RmRemoveFilter(session, NULL, NULL, L"Spooler"), 0);
  CHECK_EQ(RmRemoveFilter(session, NULL, NULL, L"Spooler"), ERROR_FILE_NOT_FOUND);
  cancelled_session = session;
  CHECK_EQ(RmShutdown(session, RmForceShutdown, OnBegin), ERROR_CANCELLED);
  CHECK(IsUp(&other));
  CHECK_EQ(RmRestart(session, 0, NULL), 0);
  CHECK_EQ(RmShutdown(session, 0, NULL), 0);
  CHECK(IsUp(&masked) && !IsUp(&other));
  CHECK(StatusOf(session, &masked) & RmStatusShutdownMasked);
  CHECK_EQ(StatusOf(session, &other), RmStatusStopped | RmStatusRestartMasked);
  RmEndSession(session);
  EndHolder(&masked);
  EndHolder(&other);
}

const struct Test filter_tests[] = {{"TheThreeKindsComeBackAsSuppliedAndOneIsLeftAlone",
                                     TheThreeKindsComeBackAsSuppliedAndOneIsLeftAlone},
                                    {NULL, NULL}};
