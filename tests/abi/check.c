#include "check.h"

#include <stdio.h>

#include "world.h"

static int run, failed, skipped;
static int failed_checks;
static const char *missing;

void Check(int holds, const char *what, const char *file, int line) {
  if (holds) return;
  ++failed_checks;
  printf("%s:%d: not so: %s\n", file, line, what);
}

void CheckEqual(long long got, long long want, const char *what, const char *file, int line) {
  if (got == want) return;
  ++failed_checks;
  printf("%s:%d: not so: %s, it is %lld, not %lld\n", file, line, what, got, want);
}

int FailedChecks(void) { return failed_checks; }

void Skip(const char *what_is_missing) { missing = what_is_missing; }

void RunTests(const struct Test *tests) {
  for (; tests->name; ++tests) {
    failed_checks = 0;
    missing = NULL;
    ++run;
    printf("[ RUN      ] %s\n", tests->name);
    fflush(stdout);
    EnterStore();
    tests->run();
    LeaveStore();
    if (missing) printf("%s: Skipped\n%s\n", tests->name, missing);
    printf("[%s] %s\n",
           failed_checks ? "  FAILED  "
           : missing     ? "  SKIPPED "
                         : "       OK ",
           tests->name);
    failed += failed_checks != 0;
    skipped += failed_checks == 0 && missing;
  }
}

int Sum(void) {
  printf("[==========] %d tests from 1 test suite ran.\n", run);
  printf("[  PASSED  ] %d tests.\n", run - failed - skipped);
  if (skipped) printf("[  SKIPPED ] %d tests, listed above.\n", skipped);
  if (failed) printf("[  FAILED  ] %d tests, listed above.\n", failed);
  return failed != 0;
}
