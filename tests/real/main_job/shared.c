/* The library of the main job's tests, in versions 1 and 2. Every program that loads it says which
 * one it got: /run/main-job/PID holds the version. */
#include <stdio.h>
#include <unistd.h>

__attribute__((constructor)) static void say_version(void) {
  char path[64];
  snprintf(path, sizeof path, "/run/main-job/%d", (int)getpid());
  FILE *said = fopen(path, "we");
  if (!said) return;
  fprintf(said, "%d\n", VERSION);
  fclose(said);
}
