/* In the presets asan and tsan, of every program: what a sanitizer reports becomes a file, which tools/sanitizer-reports
 * shows and fails for. Neither an environment that is not passed on nor a stderr that nobody reads hides it then. */
#include <stdio.h>
#include <unistd.h>

#define REPORTS "log_exe_name=1:log_path=" RM_REPORTS "/report"

const char *__asan_default_options(void);
const char *__asan_default_options(void) { return REPORTS; }

/* A child of a program with threads may have threads of its own. */
const char *__tsan_default_options(void);
const char *__tsan_default_options(void) { return REPORTS ":die_after_fork=0"; }

/* LeakSanitizer traces its own threads by what /proc says, and ends a program that it cannot look at: one that is
 * traced already, or to which /proc shows the processes of another namespace. */
int __lsan_is_turned_off(void);
int __lsan_is_turned_off(void) {
  FILE *status = fopen("/proc/self/status", "re");
  if (!status) return 1;
  char line[256];
  int pid = 0, tracer = 0;
  while (fgets(line, sizeof line, status)) {
    if (sscanf(line, "Pid: %d", &pid) != 1) sscanf(line, "TracerPid: %d", &tracer);
  }
  fclose(status);
  return pid != getpid() || tracer != 0;
}
