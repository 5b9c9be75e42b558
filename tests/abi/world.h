/* On what do these tests act? A store and files of their own, and processes that they fork. */
#ifndef WORLD_H
#define WORLD_H

#include <restartmanager.h>
#include <restartmanagerx.h>
#include <sys/types.h>

#define COUNT(array) (sizeof(array) / sizeof(array)[0])
#define LISTED_MAX 32

/* A new empty directory becomes RESTART_MANAGER_DIR; its content and all children end with it. */
void EnterStore(void);
void LeaveStore(void);
const char *StorePath(void);

/* The path of a new file in a directory of the test's own (not the store). Valid until LeaveStore.
 */
const char *NewFile(const char *name);
/* The directory in which NewFile makes files. */
const char *FilesPath(void);

/* ASCII as the C ABI wants it; one of a few buffers of the thread in turn. */
const WCHAR *Wide(const char *ascii);
void Narrow(const WCHAR *wide, char *ascii, size_t capacity);

enum Manner {
  kLeaves,      /* at SIGTERM */
  kStays,       /* catches SIGTERM, says so, and stays */
  kIgnores,     /* SIGTERM is ignored */
  kInDirectory, /* only works in the directory of the path; leaves at SIGTERM */
};

struct Child {
  pid_t pid;
  int pidfd;
  int told; /* a pipe: 't' for every SIGTERM that kStays has caught */
  RM_UNIQUE_PROCESS id;
};

/* A process that has the file open; returns when it has. Ended by LeaveStore at the latest. */
struct Child *StartHolder(const char *path, enum Manner manner);
/* The same, with an application that answers: talker.c in this manner (words with blanks between),
 * or "python" and talker.py in the manner that follows. `told` says its letters. */
struct Child *StartTalker(const char *path, const char *manner);
int IsAlive(const struct Child *child);
/* Blocks until the child has said this. */
void AwaitWord(const struct Child *child, char word);
/* By force; blocks until it is gone. */
void EndChild(struct Child *child);
/* The same with all; their places are free again. */
void LeaveNobody(void);

/* Runs this program with these arguments (see main.c); its exit status. */
int RunSelf(const char *verb, const char *first, const char *second);
/* Runs this in a child as a user who is not root, with a store of its own; its exit status. Only as
 * root; -1 otherwise. */
int RunAsNobody(int (*body)(void *), void *argument);

/* Runs this where there are no processes but its own, which end with it, and a list is quick; where
 * that is not possible, in a child like any other. Its exit status. */
int RunApart(int (*body)(void));

/* A session in which this file is registered. */
DWORD SessionWith(const char *path);
/* Registers one more. */
DWORD RegisterFile(DWORD session, const char *path);

struct Listed {
  DWORD code, reasons;
  UINT count;
  RM_PROCESS_INFO apps[LISTED_MAX];
};
struct Listed List(DWORD session);
/* The status of the process, -1 if it is not listed. */
int StatusOf(DWORD session, const struct Child *child);
/* False: the children of these tests cannot be stopped here, because a service manager counts them
 * as part of the service in which the tests run. */
int ChildrenAreAppsOfTheirOwn(void);

#endif
