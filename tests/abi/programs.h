/* Programs that can be brought back: a copy of one of the machine's, which so becomes its own
 * holder. */
#ifndef PROGRAMS_H
#define PROGRAMS_H

#include <sys/types.h>

#include "world.h"

/* Makes a copy; `copy` gets its path. */
void CopyOf(const char *program, const char *name, char copy[512]);
/* Runs it in a login session of its own. Descriptor 3 is `in`, standard output `out` (-1: nothing).
 */
pid_t StartProgram(const char *program, char *const argv[], int in, int out);
/* Does this process execute the program? */
int Runs(const char *program, pid_t pid);
/* Exec is no event for a parent: looks again and again, at most ten seconds. */
int HasExeced(pid_t pid, const char *program);
int CountWith(const struct Listed *list, ULONG status);
/* By force; does not wait. */
void EndNow(pid_t pid);
/* The same, and blocks until it is gone; it need not be a child. */
void EndAndAwait(pid_t pid);

#endif
