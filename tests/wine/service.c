/* A service for the tests of services: service NAME FILE LOG [stay|pending]
 * Holds FILE ("-": none) open while it runs, and notes in LOG when it starts and stops; with stay
 * it takes a request to stop and goes on, with pending it says that it stops, and never does. */
#include "program.h"

static wchar_t **words;
static int stays, pends;
static SERVICE_STATUS_HANDLE reports;
static HANDLE asked;

static void Note(const wchar_t *what) {
  char line[256];
  const int size = snprintf(line, sizeof line, "%ls %ls\n", words[1], what);
  HANDLE log = CreateFileW(words[3], FILE_APPEND_DATA, FILE_SHARE_READ | FILE_SHARE_WRITE, NULL,
                           OPEN_ALWAYS, 0, NULL);
  DWORD written;
  WriteFile(log, line, (DWORD)size, &written, NULL);
  CloseHandle(log);
}

static void Report(DWORD state) {
  SERVICE_STATUS status = {.dwServiceType = SERVICE_WIN32_OWN_PROCESS, .dwCurrentState = state};
  status.dwControlsAccepted = state == SERVICE_RUNNING ? SERVICE_ACCEPT_STOP : 0;
  status.dwWaitHint = 60000;
  SetServiceStatus(reports, &status);
}

static DWORD WINAPI Control(DWORD control, DWORD type, void *data, void *context) {
  (void)type, (void)data, (void)context;
  if (control != SERVICE_CONTROL_STOP) return NO_ERROR;
  Note(L"asked");
  if (stays) return NO_ERROR;
  Report(SERVICE_STOP_PENDING);
  if (!pends) SetEvent(asked);
  return NO_ERROR;
}

static void WINAPI Serve(DWORD count, LPWSTR *arguments) {
  (void)count, (void)arguments;
  asked = CreateEventW(NULL, TRUE, FALSE, NULL);
  reports = RegisterServiceCtrlHandlerExW(words[1], Control, NULL);
  if (wcscmp(words[2], L"-"))
    CreateFileW(words[2], GENERIC_READ, FILE_SHARE_READ, NULL, OPEN_EXISTING, 0, NULL);
  Note(L"started");
  Report(SERVICE_RUNNING);
  WaitForSingleObject(asked, INFINITE);
  Note(L"stopped");
  Report(SERVICE_STOPPED);
}

int wmain(int argc, wchar_t **argv) {
  if (argc < 4) return 9;
  words = argv;
  stays = argc > 4 && !wcscmp(argv[4], L"stay");
  pends = argc > 4 && !wcscmp(argv[4], L"pending");
  SERVICE_TABLE_ENTRYW table[] = {{argv[1], Serve}, {NULL, NULL}};
  return !StartServiceCtrlDispatcherW(table);
}
