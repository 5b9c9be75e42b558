/* What the tests of Rstrtmgr.dll share: checks that are counted, files, holders, and short ways to
 * a session. */
#ifndef STAGE_H
#define STAGE_H

#include "program.h"

void CheckAt(const char *file, int line, const char *what, long long got, long long want);
#define CHECK_EQ(got, want) CheckAt(__FILE__, __LINE__, #got, (long long)(got), (long long)(want))
#define CHECK(condition) CheckAt(__FILE__, __LINE__, #condition, !!(condition), 1)

struct Test {
  const char *name;
  void (*run)(void);
};
/* Each file of tests has one, which ends with a NULL. */
extern const struct Test session_tests[], list_tests[], stop_tests[], patience_tests[],
    service_tests[], restart_tests[], filter_tests[], process_tests[], rivals_tests[],
    damage_tests[], loading_tests[], system_folder_tests[];
/* Lists the users of a file many times; an exit status. */
int Look(const wchar_t *file);
/* Opens a file and ends. */
int Visit(const wchar_t *file);
/* Ends while another thread asks the holder with this log, which does not answer. */
int LeaveAmid(const wchar_t *file, const wchar_t *log);
/* Those that have ONLY in their name; all with "". */
void RunTests(const struct Test *tests, const char *only);
/* The exit status of a program: the sum is told. */
int TellSum(void);

/* The holder with windows, its twin with a console, the service; the folder that files are in; the
 * program that runs. Prepare fills them. */
extern wchar_t holder_gui[MAX_PATH], holder_console[MAX_PATH], service_program[MAX_PATH];
extern wchar_t work[MAX_PATH], self[MAX_PATH];
void Prepare(void);

wchar_t *PathOf(wchar_t *path, const wchar_t *name);
/* An empty one in the folder; good for 32 more calls. */
const wchar_t *NewFile(const wchar_t *name);
void ReadText(const wchar_t *path, char *text, size_t size);

struct Holder {
  PROCESS_INFORMATION process;
  wchar_t log[MAX_PATH];
  RM_UNIQUE_PROCESS id;
};

/* Returns when it holds FILE. WORDS: see holder.c. */
struct Holder StartHolder(const wchar_t *program, const wchar_t *file, const wchar_t *words,
                          DWORD flags);
/* As many bits as this program? */
int HoldersHaveOurSize(void);
int IsUp(const struct Holder *holder);
DWORD ExitCode(const struct Holder *holder);
void EndHolder(struct Holder *holder);
void ReadLog(const struct Holder *holder, char *text, size_t size);
/* Is this in its log, now or within 20 s? */
int Says(const struct Holder *holder, const char *text);
/* The holder that was started again, with the log of the one that left; ends it. Has it been? */
int EndNext(const struct Holder *holder);

/* A program of the folder that this one is in, or this one; its exit status. */
DWORD Run(const wchar_t *program, const wchar_t *arguments);

DWORD Start(WCHAR *key);
DWORD With(const wchar_t *file);

struct Listed {
  DWORD code, reasons;
  UINT needed, count;
  RM_PROCESS_INFO apps[16];
};
struct Listed List(DWORD session);
int StatusOf(DWORD session, const struct Holder *holder);

/* How many handles this process has. */
ULONG_PTR HandlesOfOurs(void);

#endif
