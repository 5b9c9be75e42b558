/* What is saved when a program crashes, and does it end as it would have? Each story is a child
 * that crashes; it writes a letter for everything that happens. */
#include <pthread.h>
#include <restartapp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static int said[2];

static void say(char letter) { (void)!write(said[1], &letter, 1); }

static void check(int line, const char *what, int right) {
  if (right) return;
  fprintf(stderr, "line %d: %s\n", line, what);
  exit(1);
}
#define CHECK(right) check(__LINE__, #right, (right))

static volatile int *volatile nowhere;
static void fault(void) { *nowhere = 1; }

static DWORD WINAPI saves(PVOID parameter) {
  BOOL cancelled = 1;
  say(*(const char *)parameter);
  if (ApplicationRecoveryInProgress(NULL) != E_INVALIDARG) say('!');
  if (ApplicationRecoveryInProgress(&cancelled) != S_OK || cancelled) say('!');
  ApplicationRecoveryFinished(1);
  say('!');
  return 0;
}
static DWORD WINAPI returns(PVOID parameter) {
  (void)parameter;
  say('s');
  return 0;
}
static DWORD WINAPI hangs(PVOID parameter) {
  (void)parameter;
  say('s');
  while (nowhere == NULL) pause();
  return 0;
}
static DWORD WINAPI crashes(PVOID parameter) {
  (void)parameter;
  say('s');
  fault();
  return 0;
}

static void use(APPLICATION_RECOVERY_CALLBACK callback, DWORD ping) {
  if (RegisterApplicationRecoveryCallback(callback, "s", ping, 0) != S_OK) say('!');
}

static void faults(void) {
  use(saves, 0);
  fault();
}
static void aborts(void) {
  use(saves, 0);
  abort();
}
static void is_sent_the_signal(void) {
  use(saves, 0);
  kill(getpid(), SIGBUS);
  for (;;) pause();
}
static void callback_returns(void) {
  use(returns, 0);
  fault();
}
static void callback_hangs(void) {
  use(hangs, 2000); /* time enough to say that it was called, also on a busy machine */
  fault();
}
static void callback_crashes(void) {
  use(crashes, 0);
  fault();
}
static void took_it_back(void) {
  use(saves, 0);
  if (UnregisterApplicationRecoveryCallback() != S_OK) say('!');
  fault();
}
static void replaced_it(void) {
  use(crashes, 0);
  UnregisterApplicationRecoveryCallback();
  use(saves, 0);
  fault();
}

static void mine(int signal) {
  (void)signal;
  say('m');
  _exit(7);
}
static void had_a_handler_before(void) {
  signal(SIGSEGV, mine);
  use(saves, 0);
  fault();
}

static void is_a_forked_child(void) {
  use(saves, 0);
  const pid_t child = fork();
  if (child == 0) fault();
  int status = 0;
  waitpid(child, &status, 0);
  if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGSEGV) say('!');
  say('p');
  fault();
}

static void *fault_too(void *barrier) {
  pthread_barrier_wait(barrier);
  fault();
  return NULL;
}
static void faults_in_two_threads(void) {
  pthread_barrier_t barrier;
  pthread_t thread;
  use(saves, 0);
  pthread_barrier_init(&barrier, NULL, 2);
  pthread_create(&thread, NULL, fault_too, &barrier);
  fault_too(&barrier);
}

static void story(int line, void (*tell)(void), const char *letters, int signal, int code) {
  char heard[16] = "";
  int status = 0;
  CHECK(pipe(said) == 0);
  const pid_t child = fork();
  if (child == 0) {
    tell();
    _exit(99);
  }
  close(said[1]);
  for (size_t size = 0; size < sizeof heard - 1; ++size)
    if (read(said[0], heard + size, 1) != 1) break;
  close(said[0]);
  CHECK(waitpid(child, &status, 0) == child);
  check(line, letters, strcmp(heard, letters) == 0);
  if (signal) check(line, "ends by the signal", WIFSIGNALED(status) && WTERMSIG(status) == signal);
  if (!signal) check(line, "ends by itself", WIFEXITED(status) && WEXITSTATUS(status) == code);
}
#define STORY(tell, letters, signal, code) story(__LINE__, tell, letters, signal, code)

static void codes(void) {
  APPLICATION_RECOVERY_CALLBACK callback = NULL;
  PVOID parameter = NULL;
  DWORD ping = 0, flags = 7;
  BOOL cancelled = 0;
  CHECK(GetApplicationRecoveryCallback(RM_CURRENT_PROCESS, &callback, NULL, NULL, NULL) == S_FALSE);
  CHECK(RegisterApplicationRecoveryCallback(NULL, NULL, 0, 0) == E_INVALIDARG);
  CHECK(RegisterApplicationRecoveryCallback(saves, NULL, 300001, 0) == E_INVALIDARG);
  CHECK(RegisterApplicationRecoveryCallback(saves, NULL, 0, 1) == E_INVALIDARG);
  CHECK(RegisterApplicationRecoveryCallback(saves, &ping, RECOVERY_MAX_PING_INTERVAL, 0) == S_OK);
  CHECK(GetApplicationRecoveryCallback((HANDLE)(intptr_t)getpid(), &callback, &parameter, &ping,
                                       &flags) == S_OK);
  CHECK(callback == saves && parameter == &ping && ping == 3000000000u && flags == 0);
  CHECK(RegisterApplicationRecoveryCallback(hangs, NULL, 0, 0) == S_OK);
  CHECK(GetApplicationRecoveryCallback(RM_CURRENT_PROCESS, &callback, NULL, &ping, NULL) == S_OK);
  CHECK(callback == hangs && ping == 50000000u);
  CHECK(GetApplicationRecoveryCallback(RM_CURRENT_PROCESS, NULL, NULL, NULL, NULL) == E_INVALIDARG);
  CHECK(GetApplicationRecoveryCallback((HANDLE)(intptr_t)1, &callback, NULL, NULL, NULL) ==
        E_INVALIDARG);
  CHECK(ApplicationRecoveryInProgress(&cancelled) == E_FAIL);
  CHECK(ApplicationRecoveryInProgress(NULL) == E_INVALIDARG);
  ApplicationRecoveryFinished(1);
  CHECK(UnregisterApplicationRecoveryCallback() == S_OK);
  CHECK(UnregisterApplicationRecoveryCallback() == S_OK);
  CHECK(GetApplicationRecoveryCallback(RM_CURRENT_PROCESS, &callback, NULL, NULL, NULL) == S_FALSE);
  struct sigaction now;
  CHECK(sigaction(SIGSEGV, NULL, &now) == 0 && now.sa_handler == SIG_DFL);
}

int main(void) {
  const struct rlimit no_core = {0, 0};
  setrlimit(RLIMIT_CORE, &no_core);
  STORY(faults, "s", SIGSEGV, 0);
  STORY(aborts, "s", SIGABRT, 0);
  STORY(is_sent_the_signal, "s", SIGBUS, 0);
  STORY(callback_returns, "s", SIGSEGV, 0);
  STORY(callback_hangs, "s", SIGSEGV, 0);
  STORY(callback_crashes, "s", SIGSEGV, 0);
  STORY(took_it_back, "", SIGSEGV, 0);
  STORY(replaced_it, "s", SIGSEGV, 0);
  STORY(had_a_handler_before, "sm", 0, 7);
  STORY(is_a_forked_child, "ps", SIGSEGV, 0);
  STORY(faults_in_two_threads, "s", SIGSEGV, 0);
  codes();
  return 0;
}
