/* Who uses a file, and how does it hear that it should leave? Holds FILE open and writes down in
 * LOG what it hears:
 *
 *   holder FILE LOG MANNER [WORD...]
 *
 * MANNER: shown, hidden (a window), console (a handler of CTRL_C), silent (neither), dir (only the
 * working directory), library (FILE is loaded). WORDs: refuse, hang, late (answers after 7 s), two
 * (windows), slow and slower (ends 2 s and 8 s after WM_ENDSESSION), pump (waits in WM_ENDSESSION
 * for WM_CLOSE), stay, quit-in-query, close (ends at WM_CLOSE only), exclusive, shared (others may
 * read, not write or delete), nopatch (asks not to be restarted after updates), registers (asks to
 * be restarted with the word again, which it notes). LOG ends with "ready" once everything is
 * there, and holds the time in ms since the first message before each message. */
#include "program.h"

static HANDLE log_file;
static ULONGLONG first;
static int refuse, hang, late, two, slow, slower, pump, stay, quit_in_query, close_only;

static void Say(const char *format, ...) {
  char line[512];
  va_list list;
  va_start(list, format);
  const int size = vsnprintf(line, sizeof line, format, list);
  va_end(list);
  DWORD written;
  WriteFile(log_file, line, (DWORD)size, &written, NULL);
  FlushFileBuffers(log_file);
}

static void Pump(void) {
  MSG message;
  while (GetMessageW(&message, NULL, 0, 0) > 0) DispatchMessageW(&message);
}

static LRESULT CALLBACK Hear(HWND window, UINT message, WPARAM w, LPARAM l) {
  if (message == WM_QUERYENDSESSION || message == WM_ENDSESSION || message == WM_CLOSE) {
    if (!first) first = GetTickCount64();
    Say("%llu 0x%02x %lu 0x%lx\n", GetTickCount64() - first, message, (unsigned long)w,
        (unsigned long)l);
  }
  switch (message) {
    case WM_QUERYENDSESSION:
      if (quit_in_query) ExitProcess(5);
      if (hang) Sleep(INFINITE);
      if (late) Sleep(7000);
      return !refuse;
    case WM_ENDSESSION:
      if (!w || stay || close_only) return 0;
      if (slow || slower) Sleep(slower ? 8000 : 2000);
      if (pump) Pump();
      ExitProcess(3);
    case WM_CLOSE:
      if (!stay) ExitProcess(4);
      return 0;
  }
  return DefWindowProcW(window, message, w, l);
}

static BOOL WINAPI HearConsole(DWORD event) {
  Say("event %lu\n", event);
  if (!stay) ExitProcess(6);
  return TRUE;
}

/* As the real RegisterApplicationRestart would keep it: Wine's keeps nothing. */
static void NoteRestart(DWORD flags, const wchar_t *arguments) {
  const RM_UNIQUE_PROCESS self = UniqueOf(GetCurrentProcess());
  wchar_t path[128];
  swprintf(path, 128, L"Software\\Microsoft\\RestartManager\\Applications\\%08lx:%08lx:%08lx",
           (unsigned long)GetCurrentProcessId(),
           (unsigned long)self.ProcessStartTime.dwHighDateTime,
           (unsigned long)self.ProcessStartTime.dwLowDateTime);
  HKEY key;
  if (RegCreateKeyExW(HKEY_CURRENT_USER, path, 0, NULL, REG_OPTION_VOLATILE, KEY_WRITE, NULL, &key,
                      NULL))
    exit(9);
  RegSetValueExW(key, L"Flags", 0, REG_DWORD, (const BYTE *)&flags, sizeof flags);
  RegSetValueExW(key, L"CommandLine", 0, REG_SZ, (const BYTE *)arguments,
                 (DWORD)((wcslen(arguments) + 1) * sizeof *arguments));
  RegCloseKey(key);
}

static void AskForRestart(wchar_t **argv) {
  wchar_t arguments[1024];
  swprintf(arguments, 1024, L"\"%ls\" \"%ls\" %ls again", argv[1], argv[2], argv[3]);
  NoteRestart(0, arguments);
}

static HANDLE Open(const wchar_t *path, int exclusive, int shared) {
  const DWORD share = exclusive ? 0
                      : shared  ? FILE_SHARE_READ
                                : FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE;
  return CreateFileW(path, GENERIC_READ, share, NULL, OPEN_EXISTING, 0, NULL);
}

static int ShowWindowAndHear(int shown) {
  WNDCLASSW kind = {0};
  kind.lpfnWndProc = Hear;
  kind.lpszClassName = L"holder";
  RegisterClassW(&kind);
  for (int i = 0; i <= two; ++i)
    if (!CreateWindowW(L"holder", L"holder", WS_OVERLAPPEDWINDOW | (shown ? WS_VISIBLE : 0), 0, 0,
                       99, 99, NULL, NULL, NULL, NULL))
      return 7;
  Say("ready %lu\n", GetCurrentProcessId());
  Pump();
  return 0;
}

int wmain(int argc, wchar_t **argv) {
  if (argc < 4) return 9;
  log_file = CreateFileW(argv[2], FILE_APPEND_DATA, FILE_SHARE_READ | FILE_SHARE_WRITE, NULL,
                         OPEN_ALWAYS, 0, NULL);
  int exclusive = 0, shared = 0;
  for (int i = 4; i < argc; ++i) {
    refuse |= !wcscmp(argv[i], L"refuse");
    hang |= !wcscmp(argv[i], L"hang");
    late |= !wcscmp(argv[i], L"late");
    two |= !wcscmp(argv[i], L"two");
    slow |= !wcscmp(argv[i], L"slow");
    slower |= !wcscmp(argv[i], L"slower");
    pump |= !wcscmp(argv[i], L"pump");
    stay |= !wcscmp(argv[i], L"stay");
    quit_in_query |= !wcscmp(argv[i], L"quit-in-query");
    close_only |= !wcscmp(argv[i], L"close");
    exclusive |= !wcscmp(argv[i], L"exclusive");
    shared |= !wcscmp(argv[i], L"shared");
    if (!wcscmp(argv[i], L"nopatch")) NoteRestart(4, L""); /* RESTART_NO_PATCH */
    if (!wcscmp(argv[i], L"registers")) AskForRestart(argv);
    if (!wcscmp(argv[i], L"again")) Say("again\n");
  }
  const wchar_t *manner = argv[3];
  if (!wcscmp(manner, L"dir")) {
    if (!SetCurrentDirectoryW(argv[1])) return 8;
  } else if (!wcscmp(manner, L"library")) {
    if (!LoadLibraryW(argv[1])) return 8;
  } else if (wcscmp(argv[1], L"-") && Open(argv[1], exclusive, shared) == INVALID_HANDLE_VALUE) {
    return 8;
  }
  if (!wcscmp(manner, L"shown")) return ShowWindowAndHear(1);
  if (!wcscmp(manner, L"hidden")) return ShowWindowAndHear(0);
  if (!wcscmp(manner, L"console")) SetConsoleCtrlHandler(HearConsole, TRUE);
  Say("ready %lu\n", GetCurrentProcessId());
  Sleep(INFINITE);
  return 0;
}
