/* What the programs of these tests for Windows share: how a check fails, and what the holder does.
 */
#ifndef PROGRAM_H
#define PROGRAM_H

#include <restartmanager.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <wchar.h>
#include <windows.h>

#ifndef ERROR_FAIL_NOACTION_REBOOT
#define ERROR_FAIL_NOACTION_REBOOT 350
#define ERROR_FAIL_SHUTDOWN 351
#define ERROR_FAIL_RESTART 352
#define ERROR_MAX_SESSIONS_REACHED 353
#endif
#ifndef ERROR_REQUEST_OUT_OF_SEQUENCE
#define ERROR_REQUEST_OUT_OF_SEQUENCE 776
#endif

/* 100 ns since 1601. */
static inline unsigned long long StartOf(HANDLE process) {
  FILETIME start, other[3];
  if (!GetProcessTimes(process, &start, &other[0], &other[1], &other[2])) return 0;
  return (unsigned long long)start.dwHighDateTime << 32 | start.dwLowDateTime;
}

static inline RM_UNIQUE_PROCESS UniqueOf(HANDLE process) {
  const unsigned long long start = StartOf(process);
  RM_UNIQUE_PROCESS id = {GetProcessId(process), {(DWORD)start, (DWORD)(start >> 32)}};
  return id;
}

#endif
