#include "stage.h"

static UINT percents[128];
static int percent_count;
static void OnPercent(UINT percent) { percents[percent_count++] = percent; }
/* Some declare it so; on 32 bits that is another calling convention. */
static void WINAPI OnPercentStdcall(UINT percent) { percents[percent_count++] = percent; }

static void AllAgreeLeaveAndComeBack(void) {
  const wchar_t *file = NewFile(L"agree.txt");
  struct Holder agrees = StartHolder(holder_gui, file, L"shown close", 0);
  const DWORD session = With(file);
  percent_count = 0;
  CHECK_EQ(RmShutdown(session, 0, OnPercent), 0);
  CHECK(!IsUp(&agrees));
  CHECK_EQ(ExitCode(&agrees), 4);
  CHECK(percent_count >= 2 && percents[0] == 0 && percents[percent_count - 1] == 100);
  percent_count = 0;
  CHECK_EQ(RmRestart(session, 0, (RM_WRITE_STATUS_CALLBACK)(void *)OnPercentStdcall), 0);
  CHECK(percent_count >= 1 && percents[percent_count - 1] == 100);
  char log[4096];
  ReadLog(&agrees, log, sizeof log);
  const char *asked = strstr(log, " 0x11 0 0x1\n"), *end = strstr(log, " 0x16 1 0x1\n"),
             *closed = strstr(log, " 0x10 0 0x0\n");
  CHECK(asked && end && closed && asked < end && end < closed);
  CHECK(EndNext(&agrees)); /* from its own command line, with the same log */
  CHECK_EQ(StatusOf(session, &agrees), RmStatusStopped | RmStatusRestarted);
  RmEndSession(session);
  EndHolder(&agrees);
}

static void OneRefusesAllStayAndForceOverrules(void) {
  const wchar_t *file = NewFile(L"refuse.txt");
  struct Holder refuses = StartHolder(holder_gui, file, L"shown refuse", 0);
  struct Holder twin = StartHolder(holder_gui, file, L"shown", 0);
  const DWORD session = With(file);
  CHECK_EQ(RmShutdown(session, 0, NULL), ERROR_FAIL_SHUTDOWN);
  CHECK(IsUp(&refuses) && IsUp(&twin));
  CHECK(Says(&refuses, " 0x16 0 0x1\n"));
  CHECK(StatusOf(session, &refuses) & RmStatusErrorOnStop);
  CHECK_EQ(RmShutdown(session, RmForceShutdown, NULL), 0);
  CHECK(!IsUp(&refuses) && !IsUp(&twin));
  CHECK_EQ(ExitCode(&refuses), 3);
  CHECK(Says(&refuses, " 0x16 1 0x1\n"));
  RmEndSession(session);
  EndHolder(&refuses);
  EndHolder(&twin);
}

static void SilentForFiveSeconds(void) {
  const wchar_t *file = NewFile(L"hang.txt");
  struct Holder hangs = StartHolder(holder_gui, file, L"shown hang", 0);
  const DWORD session = With(file);
  const ULONGLONG begin = GetTickCount64();
  CHECK_EQ(RmShutdown(session, 0, NULL), ERROR_FAIL_SHUTDOWN);
  CHECK(GetTickCount64() - begin >= 4900);
  CHECK(IsUp(&hangs));
  RmEndSession(session);
  EndHolder(&hangs);
}

static void WhoLeavesWhenAskedAndWhoTakesTwoSeconds(void) {
  const wchar_t *file = NewFile(L"quits.txt");
  struct Holder quits = StartHolder(holder_gui, file, L"shown quit-in-query nopatch", 0);
  struct Holder slow = StartHolder(holder_gui, file, L"shown slow nopatch", 0);
  const DWORD session = With(file);
  CHECK_EQ(RmShutdown(session, 0, NULL), 0);
  CHECK_EQ(ExitCode(&quits), 5);
  CHECK_EQ(ExitCode(&slow), 3);
  CHECK_EQ(RmRestart(session, 0, NULL), 0);
  RmEndSession(session);
  EndHolder(&quits);
  EndHolder(&slow);
}

static void WhoCannotBeAskedStopsNobodyWithoutForce(void) {
  const wchar_t *file = NewFile(L"unknown.txt");
  struct Holder silent = StartHolder(holder_gui, file, L"silent nopatch", 0);
  struct Holder shown = StartHolder(holder_gui, file, L"shown nopatch", 0);
  const DWORD session = With(file);
  CHECK_EQ(RmShutdown(session, 0, NULL), ERROR_FAIL_SHUTDOWN);
  CHECK(IsUp(&silent) && IsUp(&shown));
  char log[4096];
  ReadLog(&shown, log, sizeof log);
  CHECK(strstr(log, "0x11") == NULL); /* nobody was asked */
  CHECK_EQ(RmShutdown(session, RmForceShutdown, NULL), 0);
  CHECK(!IsUp(&silent) && !IsUp(&shown));
  CHECK_EQ(ExitCode(&silent), 1);
  RmEndSession(session);
  EndHolder(&silent);
  EndHolder(&shown);
}

static void OnlyRegisteredStopsNobodyWhoStaysDown(void) {
  const wchar_t *file = NewFile(L"only.txt");
  struct Holder stays = StartHolder(holder_gui, file, L"shown nopatch", 0);
  struct Holder comes = StartHolder(holder_gui, file, L"shown", 0);
  const DWORD session = With(file);
  CHECK_EQ(RmShutdown(session, RmShutdownOnlyRegistered, NULL), ERROR_FAIL_SHUTDOWN);
  CHECK_EQ(RmShutdown(session, RmShutdownOnlyRegistered | RmForceShutdown, NULL),
           ERROR_FAIL_SHUTDOWN);
  CHECK(IsUp(&stays) && IsUp(&comes));
  EndHolder(&stays);
  CHECK_EQ(RmShutdown(session, RmShutdownOnlyRegistered | RmForceShutdown, NULL), 0);
  CHECK(!IsUp(&comes));
  RmEndSession(session);
  EndHolder(&comes);
}

static void ConsolesHearCtrlC(void) {
  const wchar_t *file = NewFile(L"console.txt");
  struct Holder console = StartHolder(holder_console, file, L"console nopatch", CREATE_NEW_CONSOLE);
  struct Holder plain = StartHolder(holder_console, file, L"silent nopatch", CREATE_NEW_CONSOLE);
  const DWORD session = With(file);
  CHECK_EQ(RmShutdown(session, 0, NULL), 0);
  CHECK(Says(&console, "event 0\n"));
  CHECK_EQ(ExitCode(&console), 6);
  CHECK(ExitCode(&plain) == 0xC000013A || ExitCode(&plain) == 0); /* Wine ends it with 0 */
  RmEndSession(session);
  EndHolder(&console);
  EndHolder(&plain);
}

static void ProgressIsStrictlyIncreasing(void) {
  const wchar_t *file = NewFile(L"progress.txt");
  struct Holder holders[3];
  for (int i = 0; i < 3; ++i) holders[i] = StartHolder(holder_gui, file, L"shown", 0);
  const DWORD session = With(file);
  for (int again = 0; again < 2; ++again) {
    percent_count = 0;
    CHECK_EQ(again ? RmRestart(session, 0, OnPercent) : RmShutdown(session, 0, OnPercent), 0);
    CHECK(percent_count >= 2);
    CHECK_EQ(percents[0], 0);
    for (int i = 1; i < percent_count; ++i) CHECK(percents[i - 1] < percents[i]);
    CHECK_EQ(percents[percent_count - 1], 100);
  }
  for (int i = 0; i < 3; ++i) {
    CHECK(EndNext(&holders[i]));
    EndHolder(&holders[i]);
  }
  RmEndSession(session);
}

static DWORD cancelled_session;
static struct Holder *cancelled_holder;
static DWORD WINAPI CancelOnceAsked(void *unused) {
  (void)unused;
  CHECK(Says(cancelled_holder, " 0x11 "));
  CHECK_EQ(RmCancelCurrentTask(cancelled_session), 0);
  return 0;
}

static void CancelledFromAnotherThreadTheTargetLives(void) {
  const wchar_t *file = NewFile(L"cancel.txt");
  struct Holder hangs = StartHolder(holder_gui, file, L"shown hang", 0);
  cancelled_session = With(file);
  cancelled_holder = &hangs;
  CHECK_EQ(RmCancelCurrentTask(cancelled_session), 0); /* nothing runs: forgotten */
  HANDLE thread = CreateThread(NULL, 0, CancelOnceAsked, NULL, 0, NULL);
  CHECK_EQ(RmShutdown(cancelled_session, RmForceShutdown, NULL), ERROR_CANCELLED);
  WaitForSingleObject(thread, INFINITE);
  CloseHandle(thread);
  CHECK(IsUp(&hangs));
  CHECK_EQ(RmRestart(cancelled_session, 0, NULL), 0);
  RmEndSession(cancelled_session);
  EndHolder(&hangs);
}

const struct Test stop_tests[] = {
    {"AllAgreeLeaveAndComeBack", AllAgreeLeaveAndComeBack},
    {"OneRefusesAllStayAndForceOverrules", OneRefusesAllStayAndForceOverrules},
    {"SilentForFiveSeconds", SilentForFiveSeconds},
    {"WhoLeavesWhenAskedAndWhoTakesTwoSeconds", WhoLeavesWhenAskedAndWhoTakesTwoSeconds},
    {"WhoCannotBeAskedStopsNobodyWithoutForce", WhoCannotBeAskedStopsNobodyWithoutForce},
    {"OnlyRegisteredStopsNobodyWhoStaysDown", OnlyRegisteredStopsNobodyWhoStaysDown},
    {"ConsolesHearCtrlC", ConsolesHearCtrlC},
    {"ProgressIsStrictlyIncreasing", ProgressIsStrictlyIncreasing},
    {"CancelledFromAnotherThreadTheTargetLives", CancelledFromAnotherThreadTheTargetLives},
    {NULL, NULL}};
