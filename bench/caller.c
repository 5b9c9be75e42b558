/* Asks once who uses the file, as an installer does: bench-caller FILE BEGIN
 *
 * Prints how many milliseconds after BEGIN (nanoseconds of CLOCK_MONOTONIC) its session had
 * started, and the peak of its resident memory in KiB. bench-footprint runs it.
 */
#include <inttypes.h>
#include <restartmanager.h>
#include <restartmanagerx.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define MOST 64

static void Check(DWORD code, const char *what) {
  if (code == ERROR_SUCCESS) return;
  printf("%s gives %u: %s\n", what, (unsigned)code, RmxGetErrorText());
  exit(1);
}

static double MillisecondsSince(const char *begin) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  int64_t passed = now.tv_sec * INT64_C(1000000000) + now.tv_nsec - strtoll(begin, NULL, 10);
  return (double)passed / 1e6;
}

static long PeakKib(void) {
  char line[256];
  long kib = 0;
  FILE *file = fopen("/proc/self/status", "re");
  while (file && fgets(line, sizeof line, file)) sscanf(line, "VmHWM: %ld", &kib);
  if (file) fclose(file);
  return kib;
}

int main(int argc, char **argv) {
  if (argc != 3) return 2;
  DWORD session;
  WCHAR key[CCH_RM_SESSION_KEY + 1];
  Check(RmStartSession(&session, 0, key), "RmStartSession");
  double begun = MillisecondsSince(argv[2]);

  WCHAR path[4096] = {0};
  for (size_t i = 0; argv[1][i] && i < 4095; ++i) path[i] = (WCHAR)argv[1][i];
  LPCWSTR files[] = {path};
  Check(RmRegisterResources(session, 1, files, 0, NULL, 0, NULL), "RmRegisterResources");
  static RM_PROCESS_INFO apps[MOST];
  UINT needed = 0, got = MOST;
  DWORD reasons = 0;
  Check(RmGetList(session, &needed, &got, apps, &reasons), "RmGetList");
  Check(RmEndSession(session), "RmEndSession");
  if (got == 0) return 3;
  return printf("%.1f %ld\n", begun, PeakKib()) < 0;
}
