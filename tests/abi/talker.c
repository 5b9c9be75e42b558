/* An application that answers: talker FILE MANNER... It has the file open, and says what happens to
 * it on its standard output, a letter each: 'r' ready, 'q' asked, 'o' it is off, 'e' has to end,
 * 't' SIGTERM. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <restartapp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

static int pumped, refuses, silent, leaves_when_asked, leaves, stays, registers;

static void Say(char letter) { (void)!write(1, &letter, 1); }

static void Caught(int signal) {
  (void)signal;
  Say('t');
}

static BOOL Handle(RMX_CLOSE_REQUEST *request, PVOID context) {
  if (context != &pumped || request->cbSize < sizeof *request) _exit(3);
  if (request->dwRequest == RMX_CLOSE_OFF) Say('o');
  if (request->dwRequest == RMX_CLOSE_END) {
    Say('e');
    if (leaves) _exit(0);
    return 1;
  }
  if (request->dwRequest != RMX_CLOSE_QUERY) return 1;
  Say('q');
  if (registers) RegisterApplicationRestart(u"late", 0);
  if (leaves_when_asked) _exit(0);
  while (silent) pause();
  strcpy(request->szReason, "unsaved\nwork");
  return !refuses;
}

static int Is(const char *name, int argc, char **argv) {
  for (int i = 2; i < argc; ++i)
    if (strcmp(argv[i], name) == 0) return 1;
  return 0;
}

int main(int argc, char **argv) {
  int descriptor = -1;
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  setsid();
  pumped = Is("pumped", argc, argv);
  refuses = Is("refuses", argc, argv);
  silent = Is("silent", argc, argv);
  leaves_when_asked = Is("leaves-when-asked", argc, argv);
  leaves = Is("leaves", argc, argv);
  stays = Is("stays", argc, argv);
  registers = Is("registers", argc, argv);
  if (stays) signal(SIGTERM, Caught);
  if (Is("deaf", argc, argv)) signal(SIGTERM, SIG_IGN);
  if (argc < 2 || open(argv[1], O_RDONLY | O_CLOEXEC) < 0) return 1;
  if (RmxRegisterCloseHandler(Handle, &pumped, pumped ? RMX_CLOSE_PUMPED : 0) != S_OK) return 2;
  if (pumped && RmxGetCloseDescriptor(&descriptor) != S_OK) return 2;
  Say('r');
  for (;;) {
    struct pollfd ready = {descriptor, POLLIN, 0};
    poll(&ready, 1, -1);
    if (pumped) RmxPumpCloseRequests();
  }
}
