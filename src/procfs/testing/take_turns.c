/* SELF OTHER: executes OTHER, which executes SELF, and so on. Whichever is set-user-ID root is root
   in every respect for a while, as sudo(8) is, and its caller again then. */
#define _GNU_SOURCE
#include <unistd.h>

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  if (geteuid() == 0) {
    const uid_t caller = getuid();
    if (setresuid(0, 0, 0) != 0) return 1;
    for (int i = 0; i < 200; ++i) getppid();
    if (setresuid(caller, caller, caller) != 0) return 1;
  }
  char* const arguments[] = {argv[1], argv[0], 0};
  execve(argv[1], arguments, environ);
  return 1;
}
