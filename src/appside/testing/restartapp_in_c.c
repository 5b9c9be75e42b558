/* The ABI, as a C program has it. Without arguments: every rule that it can see by itself. With
 * "serve": registers, says so on its standard output, and does one more thing for each line on its
 * standard input. */
#include <restartapp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static void check(int line, const char *what, int right) {
  if (right) return;
  fprintf(stderr, "line %d: %s\n", line, what);
  exit(1);
}
#define CHECK(right) check(__LINE__, #right, (right))

static HRESULT size_of(HANDLE process, DWORD *size) {
  *size = 0;
  return GetApplicationRestartSettings(process, NULL, size, NULL);
}

static void limits(void) {
  WCHAR text[1025];
  DWORD size = 0, flags = 0;
  for (size_t i = 0; i < 1024; ++i) text[i] = u'x';
  text[1024] = 0;
  CHECK(RegisterApplicationRestart(text, 0) == (HRESULT)0x80070057);
  CHECK(size_of(RM_CURRENT_PROCESS, &size) == (HRESULT)0x80070490);
  text[1023] = 0;
  CHECK(RegisterApplicationRestart(text, 0xFFFFFFFF) == S_OK);
  CHECK(size_of(RM_CURRENT_PROCESS, &size) == S_OK && size == 1024);
  CHECK(RegisterApplicationRestart(NULL, RESTART_NO_PATCH) == S_OK);
  CHECK(size_of(RM_CURRENT_PROCESS, &size) == S_OK && size == 1);
  CHECK(RegisterApplicationRestart(u"", 0) == S_OK);
  CHECK(size_of(RM_CURRENT_PROCESS, &size) == S_OK && size == 1);
  const WCHAR lone[] = {0xD800, 0};
  CHECK(RegisterApplicationRestart(lone, 0) == E_INVALIDARG);

  CHECK(RegisterApplicationRestart(u"a \"b c\"", 5) == S_OK);
  CHECK(GetApplicationRestartSettings(RM_CURRENT_PROCESS, text, NULL, NULL) == E_INVALIDARG);
  size = 7;
  CHECK(GetApplicationRestartSettings(RM_CURRENT_PROCESS, NULL, &size, NULL) == E_INVALIDARG);
  CHECK(GetApplicationRestartSettings(RM_CURRENT_PROCESS, text, &size, NULL) ==
        (HRESULT)0x8007007A);
  CHECK(size == 8);
  CHECK(GetApplicationRestartSettings((HANDLE)(intptr_t)getpid(), text, &size, &flags) == S_OK);
  CHECK(size == 8 && flags == 5 && memcmp(text, u"a \"b c\"", 16) == 0);
  CHECK(UnregisterApplicationRestart() == S_OK);
  CHECK(UnregisterApplicationRestart() == S_OK);
  CHECK(size_of(RM_CURRENT_PROCESS, &size) == (HRESULT)0x80070490);
  CHECK(size_of(NULL, &size) == E_HANDLE);
  CHECK(size_of((HANDLE)(intptr_t)-2, &size) == E_HANDLE);
}

static void vector(void) {
  const char *const arguments[] = {"--file", "a b", "", "say \"hi\"", "\xff", NULL};
  WCHAR text[64];
  DWORD size = 64;
  CHECK(RmxRegisterApplicationRestartArgv(arguments, 1) == S_OK);
  CHECK(GetApplicationRestartSettings(RM_CURRENT_PROCESS, text, &size, NULL) == S_OK);
  const WCHAR expected[] = u"--file \"a b\" \"\" \"say \\\"hi\\\"\" \xDCFF";
  CHECK(size == sizeof expected / 2 && memcmp(text, expected, sizeof expected) == 0);
  CHECK(RmxRegisterApplicationRestartArgv(NULL, 0) == S_OK);
  char *const large = calloc(1, RMX_RESTART_MAX_ARGV_BYTES + 1);
  memset(large, 'x', RMX_RESTART_MAX_ARGV_BYTES);
  const char *const too_much[] = {large, NULL};
  CHECK(RmxRegisterApplicationRestartArgv(too_much, 0) == E_INVALIDARG);
  free(large);
}

static void child_of_a_registered_program_is_not_registered(void) {
  DWORD size = 0;
  CHECK(RegisterApplicationRestart(u"parent", 0) == S_OK);
  const pid_t child = fork();
  if (child == 0) {
    CHECK(size_of(RM_CURRENT_PROCESS, &size) == (HRESULT)0x80070490);
    CHECK(RegisterApplicationRestart(u"the child", 0) == S_OK);
    CHECK(size_of(RM_CURRENT_PROCESS, &size) == S_OK && size == 10);
    _exit(0);
  }
  int status = -1;
  CHECK(waitpid(child, &status, 0) == child && status == 0);
  CHECK(size_of(RM_CURRENT_PROCESS, &size) == S_OK && size == 7);
  CHECK(size_of((HANDLE)(intptr_t)child, &size) == E_HANDLE);
}

static void what_took_the_descriptors_number_is_left_alone(void) {
  DWORD size = 0;
  CHECK(RegisterApplicationRestart(u"before", 0) == S_OK);
  closefrom(3);
  int ends[2];
  CHECK(pipe(ends) == 0);
  for (int fd = ends[1] + 1; fd < 64; ++fd) CHECK(dup2(ends[1], fd) == fd);
  CHECK(RegisterApplicationRestart(u"after", 0) == S_OK);
  CHECK(UnregisterApplicationRestart() == S_OK);
  for (int fd = ends[1]; fd < 64; ++fd) CHECK(write(fd, "x", 1) == 1);
  CHECK(size_of(RM_CURRENT_PROCESS, &size) == (HRESULT)0x80070490);
}

static int serve(char **argv) {
  char line[64];
  RegisterApplicationRestart(u"--open \"my file\" $HOME", RESTART_NO_REBOOT);
  for (;;) {
    printf("ready\n");
    fflush(stdout);
    if (!fgets(line, sizeof line, stdin)) return 0;
    if (!strcmp(line, "argv\n"))
      RmxRegisterApplicationRestartArgv((const char *const[]){"a b", "", "\xff", NULL}, 0);
    if (!strcmp(line, "unregister\n")) UnregisterApplicationRestart();
    if (!strcmp(line, "exec\n")) execl(argv[0], argv[0], "idle", (char *)NULL);
  }
}

int main(int argc, char **argv) {
  if (argc > 1 && !strcmp(argv[1], "serve")) return serve(argv);
  if (argc > 1) { /* "idle": what is left after an exec */
    printf("ready\n");
    fflush(stdout);
    return getchar() == EOF ? 0 : 1;
  }
  limits();
  vector();
  child_of_a_registered_program_is_not_registered();
  what_took_the_descriptors_number_is_left_alone();
  return 0;
}
