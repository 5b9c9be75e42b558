/* The registry and the names of files, as others left them. */
#include "stage.h"

#define BASE L"Software\\Microsoft\\RestartManager\\"

static void PutBinary(const wchar_t *path, const wchar_t *name, const char *text) {
  CHECK_EQ(RegSetKeyValueW(HKEY_CURRENT_USER, path, name, REG_BINARY, text, (DWORD)strlen(text)),
           0);
}

static DWORD Leave(const wchar_t *count) {
  wchar_t arguments[64];
  swprintf(arguments, 64, L"leave %ls -", count);
  return Run(self, arguments);
}

/* What it owes cannot be read any more: nobody can pay it, and nobody else is kept out by it. */
static void ADamagedSessionOfADeadInstallerIsInNobodysWay(void) {
  DWORD session = 99;
  WCHAR key[33];
  CHECK_EQ(Leave(L"1"), 42);
  PutBinary(BASE L"Session0000", L"RmDebts", "nonsense");
  CHECK_EQ(RmStartSession(&session, 0, key), 0);
  CHECK_EQ(RmEndSession(session), 0);
}

static void DamageDebtsAtTheBegin(UINT percent) {
  if (percent == 0) PutBinary(BASE L"Session0000", L"RmDebts", "nonsense");
}

/* Between two looks of the same call: nobody is stopped for whom nothing can be written down. */
static void TheRegistryIsDamagedInTheMiddleOfACall(void) {
  const wchar_t *file = NewFile(L"damaged.txt");
  struct Holder holder = StartHolder(holder_gui, file, L"shown", 0);
  const DWORD session = With(file);
  CHECK_EQ(RmShutdown(session, 0, DamageDebtsAtTheBegin), ERROR_WRITE_FAULT);
  CHECK(IsUp(&holder));
  CHECK_EQ(RegDeleteKeyValueW(HKEY_CURRENT_USER, BASE L"Session0000", L"RmDebts"), 0);
  CHECK_EQ(RmShutdown(session, 0, NULL), 0);
  CHECK_EQ(RmRestart(session, 0, NULL), 0);
  CHECK(EndNext(&holder));
  RmEndSession(session);
  EndHolder(&holder);
}

static void AForeignKeyBelowASessionEndsWithIt(void) {
  HKEY foreign;
  const DWORD session = Start(NULL);
  CHECK_EQ(RegCreateKeyExW(HKEY_CURRENT_USER, BASE L"Session0000\\foreign", 0, NULL,
                           REG_OPTION_VOLATILE, KEY_WRITE, NULL, &foreign, NULL),
           0);
  RegCloseKey(foreign);
  CHECK_EQ(RmEndSession(session), 0);
  CHECK_EQ(RegOpenKeyExW(HKEY_CURRENT_USER, BASE L"Session0000", 0, KEY_READ, &foreign),
           ERROR_FILE_NOT_FOUND);
  RegDeleteTreeW(HKEY_CURRENT_USER, BASE L"Session0000");
}

/* Neither is the session of number 0. */
static void AKeyThatIsOnlyNamedLikeASessionIsNone(void) {
  static const wchar_t *names[] = {BASE L"SessionFoo", BASE L"Session00000"};
  DWORD sessions[64], other;
  WCHAR key[33];
  HKEY foreign;
  for (int i = 0; i < 2; ++i) {
    CHECK_EQ(RegCreateKeyExW(HKEY_CURRENT_USER, names[i], 0, NULL, REG_OPTION_VOLATILE, KEY_WRITE,
                             NULL, &foreign, NULL),
             0);
    RegCloseKey(foreign);
  }
  for (int i = 0; i < 64; ++i) CHECK_EQ(RmStartSession(&sessions[i], 0, key), 0);
  CHECK_EQ(RmStartSession(&other, 0, key), ERROR_MAX_SESSIONS_REACHED);
  for (int i = 0; i < 64; ++i) RmEndSession(sessions[i]);
  for (int i = 0; i < 2; ++i) CHECK_EQ(RegDeleteKeyW(HKEY_CURRENT_USER, names[i]), 0);
}

static UINT HoldersOf(const wchar_t *file) {
  const DWORD session = With(file);
  const struct Listed list = List(session);
  CHECK_EQ(list.code, 0);
  RmEndSession(session);
  return list.count;
}

static void ALongPathAndAPrefixOne(void) {
  wchar_t folder[1024], file[1024], prefixed[1100];
  swprintf(folder, 1024, L"\\\\?\\%ls\\%0200d", work, 1);
  CreateDirectoryW(folder, NULL);
  swprintf(file, 1024, L"%ls\\%0200d", folder, 2);
  CloseHandle(CreateFileW(file, GENERIC_WRITE, 7, NULL, CREATE_ALWAYS, 0, NULL));
  CHECK(wcslen(file) > MAX_PATH + 100);
  struct Holder holder = StartHolder(holder_gui, file, L"shown", 0);
  CHECK_EQ(HoldersOf(file), 1);
  CHECK_EQ(HoldersOf(file + 4), 1);
  EndHolder(&holder);
  const wchar_t *plain = NewFile(L"prefixed.txt");
  holder = StartHolder(holder_gui, plain, L"shown", 0);
  swprintf(prefixed, 1100, L"\\\\?\\%ls", plain);
  CHECK_EQ(HoldersOf(prefixed), 1);
  EndHolder(&holder);
}

/* A program that is to be spared has to be, whatever way its file is named in. */
static void AFilterNamesTheFileInAnyWay(void) {
  const wchar_t *file = NewFile(L"spared.txt");
  struct Holder holder = StartHolder(holder_gui, file, L"shown nopatch", 0);
  wchar_t prefixed[MAX_PATH + 8], slashes[MAX_PATH];
  swprintf(prefixed, MAX_PATH + 8, L"\\\\?\\%ls", holder_gui);
  wcscpy(slashes, holder_gui);
  for (wchar_t *c = slashes; (c = wcschr(c, L'\\')) != NULL;) *c = L'/';
  const wchar_t *names[] = {slashes, prefixed};
  for (int i = 0; i < 2 && IsUp(&holder); ++i) {
    const DWORD session = With(file);
    CHECK_EQ(RmAddFilter(session, names[i], NULL, NULL, RmNoShutdown), 0);
    CHECK_EQ(RmShutdown(session, 0, NULL), 0);
    CHECK(IsUp(&holder));
    RmEndSession(session);
  }
  EndHolder(&holder);
}

static unsigned long long NumberOf(const wchar_t *path) {
  BY_HANDLE_FILE_INFORMATION info = {0};
  HANDLE file = CreateFileW(path, FILE_READ_ATTRIBUTES, 7, NULL, OPEN_EXISTING, 0, NULL);
  GetFileInformationByHandle(file, &info);
  CloseHandle(file);
  return (unsigned long long)info.nFileIndexHigh << 32 | info.nFileIndexLow;
}

static void Fill(const wchar_t *path, DWORD size) {
  static const char text[64];
  HANDLE file = CreateFileW(path, GENERIC_WRITE, 7, NULL, CREATE_ALWAYS, 0, NULL);
  WriteFile(file, text, size, &size, NULL);
  CloseHandle(file);
}

/* Wine: all file systems below one drive letter are one volume, and two have the same numbers. */
static void AFileOfTheSameNumberOnAnotherFileSystemIsAnother(void) {
  enum { kMost = 64 };
  wchar_t here[kMost][64], there[kMost][64];
  int found = 0;
  for (int i = 0; i < kMost; ++i) {
    swprintf(here[i], 64, L"Z:\\tmp\\same%d", i);
    swprintf(there[i], 64, L"Z:\\dev\\shm\\same%d", i);
    Fill(here[i], 1);
    Fill(there[i], 2);
  }
  for (int i = 0; i < kMost && !found; ++i)
    for (int k = 0; k < kMost && !found; ++k)
      if (NumberOf(here[i]) != 0 && NumberOf(here[i]) == NumberOf(there[k])) {
        found = 1;
        struct Holder holder = StartHolder(holder_gui, there[k], L"shown", 0);
        CHECK_EQ(HoldersOf(there[k]), 1);
        CHECK_EQ(HoldersOf(here[i]), 0);
        EndHolder(&holder);
      }
  if (!found) printf("  not shown: no two file systems here number their files alike\n");
  for (int i = 0; i < kMost; ++i) {
    DeleteFileW(here[i]);
    DeleteFileW(there[i]);
  }
}

const struct Test damage_tests[] = {
    {"ADamagedSessionOfADeadInstallerIsInNobodysWay",
     ADamagedSessionOfADeadInstallerIsInNobodysWay},
    {"TheRegistryIsDamagedInTheMiddleOfACall", TheRegistryIsDamagedInTheMiddleOfACall},
    {"AForeignKeyBelowASessionEndsWithIt", AForeignKeyBelowASessionEndsWithIt},
    {"AKeyThatIsOnlyNamedLikeASessionIsNone", AKeyThatIsOnlyNamedLikeASessionIsNone},
    {"ALongPathAndAPrefixOne", ALongPathAndAPrefixOne},
    {"AFilterNamesTheFileInAnyWay", AFilterNamesTheFileInAnyWay},
    {"AFileOfTheSameNumberOnAnotherFileSystemIsAnother",
     AFileOfTheSameNumberOnAnotherFileSystemIsAnother},
    {NULL, NULL}};
