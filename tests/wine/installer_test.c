/* Do installers that others made get what they get on Windows? One of Inno Setup, and one of NSIS.
 *
 *   installer_test SETUP.EXE SHUTDOWN.EXE [stub]    "-": there is none of Inno Setup
 * With stub Wine's own rstrtmgr.dll is loaded, which finds nobody: what happens then is beside it.
 */
#include "stage.h"

static const wchar_t *setup, *shutdown_program;
static int with_stub;

enum { kMost = 7 };
struct Case {
  const char *name;
  int own;                     /* the holders are the program that is replaced, not of its data */
  const wchar_t *words[kMost]; /* one holder each */
  const wchar_t *options;
  DWORD exit;
  const char *log[3];      /* what Inno's log says */
  const char *says[kMost]; /* what the first of the holders hear */
  DWORD ends[kMost];       /* exit status, or STILL_ACTIVE */
  int back;                /* all come back */
};

#define FOUND "RestartManager found an application using one of our files: "
#define CLOSED "Shutting down applications using our files."
#define RESTARTS "Attempting to restart applications."
#define STAYS "Some applications could not be shut down."
#define NONE "RestartManager found no applications using one of our files."

static const struct Case kCases[] = {
    {"ItsOwnProgramRuns",
     1,
     {L"shown"},
     L"",
     0,
     {FOUND, CLOSED, RESTARTS},
     {" 0x16 1 0x1\n"},
     {3},
     1},
    {"OnlyAHandleIsOpen",
     0,
     {L"shown shared"},
     L"",
     0,
     {FOUND, CLOSED, RESTARTS},
     {" 0x16 1 0x1\n"},
     {3},
     1},
    {"SevenHolders",
     0,
     {L"shown shared", L"hidden shared", L"shown shared", L"shown shared", L"shown shared",
      L"shown close shared", L"hidden shared"},
     L"",
     0,
     {FOUND, CLOSED, RESTARTS},
     {" 0x16 1 0x1\n"},
     {3, 3, 3, 3, 3, 4, 3},
     1},
    {"OneRefuses",
     0,
     {L"shown refuse shared", L"shown shared"},
     L"",
     5,
     {FOUND, CLOSED, STAYS},
     {" 0x16 0 0x1\n"},
     {STILL_ACTIVE, STILL_ACTIVE},
     0},
    {"OneRefusesAndIsForced",
     0,
     {L"shown refuse shared", L"shown shared"},
     L"/FORCECLOSEAPPLICATIONS",
     0,
     {FOUND, CLOSED, RESTARTS},
     {" 0x16 1 0x1\n", " 0x16 1 0x1\n"},
     {3, 3},
     1},
    {"OneHangs",
     0,
     {L"shown hang shared"},
     L"",
     5,
     {FOUND, CLOSED, STAYS},
     {" 0x11 0 0x1\n"},
     {STILL_ACTIVE},
     0},
    {"OneHangsAndIsForced",
     0,
     {L"shown hang shared"},
     L"/FORCECLOSEAPPLICATIONS",
     0,
     {FOUND, CLOSED, RESTARTS},
     {" 0x11 0 0x1\n"},
     {1},
     1},
    {"NeitherWindowNorConsole",
     0,
     {L"silent shared"},
     L"",
     5,
     {FOUND, CLOSED, STAYS},
     {"ready"},
     {STILL_ACTIVE},
     0},
};

static void CheckLog(const wchar_t *path, const char *const *says) {
  static char text[65536];
  ReadText(path, text, sizeof text);
  for (int i = 0; i < 3 && says[i]; ++i) {
    const int there = strstr(text, says[i]) != NULL;
    CHECK(there);
    if (!there) printf("Inno's log has no \"%s\":\n%s\n", says[i], text);
  }
}

/* Inno has room for five at first, and says who is in the list of its last call. */
static int FoundIn(const wchar_t *path) {
  static char text[65536];
  int found = 0;
  ReadText(path, text, sizeof text);
  for (const char *at = text; (at = strstr(at, FOUND)) != NULL; ++at) ++found;
  return found;
}

static void RunInno(const struct Case *how) {
  struct Holder holders[kMost];
  int count = 0;
  CreateDirectoryW(L"C:\\inno", NULL);
  CHECK(CopyFileW(holder_gui, L"C:\\inno\\app.exe", FALSE));
  CloseHandle(CreateFileW(L"C:\\inno\\data.dat", GENERIC_WRITE, 7, NULL, CREATE_ALWAYS, 0, NULL));
  for (; count < kMost && how->words[count]; ++count)
    holders[count] = StartHolder(how->own ? L"C:\\inno\\app.exe" : holder_gui,
                                 how->own ? L"-" : L"C:\\inno\\data.dat", how->words[count], 0);
  wchar_t arguments[256];
  swprintf(arguments, 256, L"/VERYSILENT /SUPPRESSMSGBOXES /LOG=C:\\inno.log %ls", how->options);
  DeleteFileW(L"C:\\inno.log");
  const DWORD code = Run(setup, arguments);
  CHECK_EQ(code, with_stub ? 5 : how->exit);
  const char *nobody[] = {NONE, NULL, NULL};
  CheckLog(L"C:\\inno.log", with_stub ? nobody : how->log);
  CHECK_EQ(FoundIn(L"C:\\inno.log"), with_stub ? 0 : count);
  for (int i = 0; i < count; ++i) {
    CHECK_EQ(ExitCode(&holders[i]), with_stub ? STILL_ACTIVE : how->ends[i]);
    if (!with_stub && how->says[i]) CHECK(Says(&holders[i], how->says[i]));
    if (!with_stub && how->back) CHECK(EndNext(&holders[i]));
    EndHolder(&holders[i]);
  }
}

static void RunNsis(void) {
  CreateDirectoryW(L"C:\\nsis", NULL);
  const wchar_t *file = L"C:\\nsis\\data.dat";
  CloseHandle(CreateFileW(file, GENERIC_WRITE, 7, NULL, CREATE_ALWAYS, 0, NULL));
  struct Holder holder = StartHolder(holder_gui, file, L"shown shared", 0);
  CHECK_EQ(Run(shutdown_program, L"/S"), with_stub ? 10000 : 0);
  char text[16];
  ReadText(file, text, sizeof text);
  CHECK_EQ(strcmp(text, with_stub ? "" : "new"), 0);
  CHECK_EQ(ExitCode(&holder), with_stub ? STILL_ACTIVE : 3);
  if (!with_stub) CHECK(EndNext(&holder));
  EndHolder(&holder);
}

static const struct Case *current;
static void RunCurrent(void) { RunInno(current); }

int wmain(int argc, wchar_t **argv) {
  if (argc < 3) return 9;
  Prepare();
  setup = argv[1];
  shutdown_program = argv[2];
  with_stub = argc > 3;
  /* Two are enough to see what is without us. */
  size_t count = with_stub ? 2 : sizeof kCases / sizeof *kCases;
  if (!wcscmp(setup, L"-")) count = 0;
  for (size_t i = 0; i < count; ++i) {
    current = &kCases[i];
    const struct Test test[] = {{current->name, RunCurrent}, {NULL, NULL}};
    RunTests(test, "");
  }
  const struct Test nsis[] = {{"StopsByFileWithoutAList", RunNsis}, {NULL, NULL}};
  RunTests(nsis, "");
  return TellSum();
}
