/* Programs and libraries of the system's folder, which is another one for programs of 32 bits:
 * theirs is called syswow64, and named system32 by themselves. */
#include "stage.h"

/* For callers of either size the folder of programs of 64 bits, where there are such. */
static wchar_t *InSystem32(wchar_t *path, const wchar_t *name) {
  BOOL wow64 = FALSE;
  IsWow64Process(GetCurrentProcess(), &wow64);
  GetWindowsDirectoryW(path, MAX_PATH);
  wcscat(path, wow64 ? L"\\sysnative\\" : L"\\system32\\");
  return wcscat(path, name);
}

static void AProgramOfTheSystemFolderIsFoundAndComesBack(void) {
  wchar_t program[MAX_PATH];
  const wchar_t *file = NewFile(L"system-folder.txt");
  CHECK(CopyFileW(holder_gui, InSystem32(program, L"rm-held.exe"), FALSE));
  struct Holder holder = StartHolder(program, file, L"shown", 0);
  DWORD session = With(program);
  CHECK_EQ(List(session).count, 1);
  RmEndSession(session);
  session = With(file);
  CHECK_EQ(RmShutdown(session, 0, NULL), 0);
  CHECK_EQ(RmRestart(session, 0, NULL), 0);
  CHECK(EndNext(&holder));
  RmEndSession(session);
  EndHolder(&holder);
  CHECK(DeleteFileW(program));
}

static int UsersOf(const wchar_t *file) {
  const DWORD session = With(file);
  const struct Listed list = List(session);
  CHECK_EQ(list.code, 0);
  RmEndSession(session);
  return (int)list.count;
}

/* The holder loads the one of its own size, by its name alone. */
static void ALibraryOfTheSystemFolderIsThatOfItsSize(void) {
  wchar_t narrow[MAX_PATH], wide[MAX_PATH], own[MAX_PATH];
  GetSystemWow64DirectoryW(narrow, MAX_PATH);
  if (!*narrow) return;
  wcscat(narrow, L"\\rm-held.dll");
  InSystem32(wide, L"rm-held.dll");
  const int narrow_holder = HoldersHaveOurSize() == (sizeof(void *) == 4);
  InSystem32(own, L"rstrtmgr.dll");
  CHECK(CopyFileW(own, wide, FALSE));
  GetSystemWow64DirectoryW(own, MAX_PATH);
  wcscat(own, L"\\rstrtmgr.dll");
  CHECK(CopyFileW(own, narrow, FALSE));
  struct Holder holder = StartHolder(holder_gui, L"rm-held.dll", L"library", 0);
  CHECK(IsUp(&holder));
  CHECK_EQ(UsersOf(narrow), narrow_holder);
  CHECK_EQ(UsersOf(wide), !narrow_holder);
  EndHolder(&holder);
  CHECK(DeleteFileW(narrow));
  CHECK(DeleteFileW(wide));
}

const struct Test system_folder_tests[] = {
    {"AProgramOfTheSystemFolderIsFoundAndComesBack", AProgramOfTheSystemFolderIsFoundAndComesBack},
    {"ALibraryOfTheSystemFolderIsThatOfItsSize", ALibraryOfTheSystemFolderIsThatOfItsSize},
    {NULL, NULL}};
