/* A program that an installer may stop, because it says how it wants to be started again.
 *
 *   restartable_app FILE STATUS
 *
 * Keeps FILE open, and adds a line to STATUS (a file, or a pipe that somebody reads): "started" or
 * "restarted", its pid, and the first word of FILE. Runs until it is asked to leave.
 *
 *   cc restartable_app.c -lrestartapp */
#define _GNU_SOURCE
#include <fcntl.h>
#include <restartapp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int asked[2];

static void OnTerminate(int signal) {
  (void)signal;
  if (write(asked[1], "", 1) != 1) _exit(1);
}

int main(int argc, char *argv[]) {
  const int again = argc == 4 && strcmp(argv[1], "--restarted") == 0;
  if (argc != 3 && !again) {
    fprintf(stderr, "usage: %s FILE STATUS\n", argv[0]);
    return 2;
  }
  const char *file = argv[argc - 2], *status = argv[argc - 1];

  /* How it is to be started again: these are arguments, no command for a shell. Register early, and
   * again whenever there is something new to come back to. */
  const char *const arguments[] = {"--restarted", file, status, NULL};
  if (RmxRegisterApplicationRestartArgv(arguments, 0) != S_OK) return 1;

  /* An installer asks by SIGTERM, which must not be blocked or ignored: that would mean a program
   * that cannot be asked. */
  if (pipe2(asked, O_CLOEXEC) != 0) return 1;
  struct sigaction leave = {.sa_handler = OnTerminate};
  sigaction(SIGTERM, &leave, NULL);

  char word[64] = "";
  FILE *held = fopen(file, "re"), *told = fopen(status, "ae");
  if (!held || !told || fscanf(held, "%63s", word) != 1) return 1;
  fprintf(told, "%s %d %s\n", again ? "restarted" : "started", (int)getpid(), word);
  fclose(told);

  char nothing;
  while (read(asked[0], &nothing, 1) != 1) continue;
  fclose(held); /* save what is not saved, close what is open, and leave in good order */
  return 0;
}
