/* How does a C program say what it tested? One function per test; a failed check is told and the
 * test goes on. The sum is printed as GoogleTest does, for tools/summarize. */
#ifndef CHECK_H
#define CHECK_H

#include <stddef.h>

struct Test {
  const char *name;
  void (*run)(void);
};

/* Each list ends with an entry without a name. */
extern const struct Test kSessionTests[];
extern const struct Test kResourceTests[];
extern const struct Test kListTests[];
extern const struct Test kTaskTests[];
extern const struct Test kTalkTests[];
extern const struct Test kCrowdTests[];
extern const struct Test kFilterTests[];
extern const struct Test kStoreTests[];
extern const struct Test kOrderTests[];
extern const struct Test kTroubleTests[];
extern const struct Test kReturnTests[];
extern const struct Test kTreeTests[];
extern const struct Test kOpenTests[];
extern const struct Test kStaleTests[];
extern const struct Test kLongPathTests[];

void Check(int holds, const char *what, const char *file, int line);
void CheckEqual(long long got, long long want, const char *what, const char *file, int line);
/* The running test cannot be run here, and lacks this. */
void Skip(const char *what_is_missing);

#define CHECK(condition) Check((condition) != 0, #condition, __FILE__, __LINE__)
#define CHECK_EQ(got, want) \
  CheckEqual((long long)(got), (long long)(want), #got " == " #want, __FILE__, __LINE__)

/* Runs a list of tests, each with a store of its own. */
void RunTests(const struct Test *tests);
/* In the running test, so far: for one that goes on in a child. */
int FailedChecks(void);
/* Prints the sum; the exit status. */
int Sum(void);

#endif
