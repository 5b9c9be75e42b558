#include "stage.h"

static void AProgramWhoseFileIsGoneFails(void) {
  const wchar_t *file = NewFile(L"missing.txt");
  wchar_t program[MAX_PATH];
  PathOf(program, L"with blanks in it.exe");
  CHECK(CopyFileW(holder_gui, program, FALSE));
  struct Holder holder = StartHolder(program, file, L"shown", 0);
  const DWORD session = With(file);
  CHECK_EQ(List(session).apps[0].bRestartable, 1);
  CHECK_EQ(RmShutdown(session, 0, NULL), 0);
  CHECK(DeleteFileW(program));
  CHECK_EQ(RmRestart(session, 0, NULL), ERROR_FAIL_RESTART);
  CHECK_EQ(StatusOf(session, &holder), RmStatusStopped | RmStatusErrorOnRestart);
  RmEndSession(session);
  EndHolder(&holder);
}

/* From a folder with blanks, with the arguments that it noted; in less than 60 s. */
static void AProgramThatNotedArgumentsComesBackWithThem(void) {
  const wchar_t *file = NewFile(L"noted file.txt");
  wchar_t program[MAX_PATH];
  PathOf(program, L"noted program.exe");
  CHECK(CopyFileW(holder_gui, program, FALSE));
  struct Holder holder = StartHolder(program, file, L"shown registers", 0);
  const DWORD session = With(file);
  CHECK_EQ(List(session).apps[0].bRestartable, 1);
  CHECK_EQ(RmShutdown(session, 0, NULL), 0);
  CHECK_EQ(RmRestart(session, 0, NULL), 0);
  CHECK(Says(&holder, "again\n"));
  CHECK(EndNext(&holder));
  CHECK_EQ(RmRestart(session, 0, NULL), 0); /* a second time nobody is started */
  CHECK_EQ(StatusOf(session, &holder), RmStatusStopped | RmStatusRestarted);
  RmEndSession(session);
  EndHolder(&holder);
}

/* It comes back as it was started: 1024 characters are the most that it may note. */
static void ComesBackInSpiteOf(const wchar_t *name, DWORD type) {
  static const wchar_t base[] = L"Software\\Microsoft\\RestartManager\\Applications";
  wchar_t path[256], text[3000];
  const wchar_t *file = NewFile(name);
  struct Holder holder = StartHolder(holder_gui, file, L"shown registers", 0);
  swprintf(path, 256, L"%ls\\%08lx:%08lx:%08lx", base, holder.id.dwProcessId,
           holder.id.ProcessStartTime.dwHighDateTime, holder.id.ProcessStartTime.dwLowDateTime);
  wmemset(text, L'x', 2999)[2999] = 0;
  CHECK_EQ(RegSetKeyValueW(HKEY_CURRENT_USER, path, L"CommandLine", type, text,
                           type == REG_SZ ? sizeof text : 8),
           0);
  const DWORD session = With(file);
  CHECK_EQ(RmShutdown(session, 0, NULL), 0);
  CHECK_EQ(RmRestart(session, 0, NULL), 0);
  CHECK(EndNext(&holder));
  RmEndSession(session);
  EndHolder(&holder);
}

static void ANoteOfAWrongTypeOrSizeIsNone(void) {
  ComesBackInSpiteOf(L"long-note.txt", REG_SZ);
  ComesBackInSpiteOf(L"binary-note.txt", REG_BINARY);
}

static void WhoAskedToStayDownAfterUpdatesDoes(void) {
  const wchar_t *file = NewFile(L"nopatch.txt");
  struct Holder holder = StartHolder(holder_gui, file, L"shown nopatch", 0);
  const DWORD session = With(file);
  CHECK_EQ(List(session).apps[0].bRestartable, 0);
  CHECK_EQ(RmShutdown(session, 0, NULL), 0);
  CHECK_EQ(RmRestart(session, 0, NULL), 0);
  CHECK_EQ(StatusOf(session, &holder), RmStatusStopped);
  const struct Listed list = List(session);
  CHECK_EQ(list.count, 1); /* and no other uses the file */
  RmEndSession(session);
  EndHolder(&holder);
}

const struct Test restart_tests[] = {
    {"AProgramWhoseFileIsGoneFails", AProgramWhoseFileIsGoneFails},
    {"AProgramThatNotedArgumentsComesBackWithThem", AProgramThatNotedArgumentsComesBackWithThem},
    {"ANoteOfAWrongTypeOrSizeIsNone", ANoteOfAWrongTypeOrSizeIsNone},
    {"WhoAskedToStayDownAfterUpdatesDoes", WhoAskedToStayDownAfterUpdatesDoes},
    {NULL, NULL}};
