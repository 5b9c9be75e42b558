/* Whose directory is it, and what does a failure tell? */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "check.h"
#include "world.h"

static DWORD Start(void) {
  DWORD session = 0;
  WCHAR key[33];
  const DWORD code = RmStartSession(&session, 0, key);
  if (code == ERROR_SUCCESS) RmEndSession(session);
  return code;
}

static void AFailureSetsErrnoAndHasASentence(void) {
  WCHAR key[33];
  errno = 0;
  CHECK_EQ(RmStartSession(NULL, 0, key), ERROR_BAD_ARGUMENTS);
  CHECK_EQ(errno, EINVAL);
  CHECK(strstr(RmxGetErrorText(), "RmStartSession") != NULL);
  errno = 0;
  CHECK_EQ(RmEndSession(5), ERROR_INVALID_HANDLE);
  CHECK_EQ(errno, EBADF);
  CHECK(strstr(RmxGetErrorText(), "5") != NULL);
  errno = 0;
  DWORD session;
  CHECK_EQ(RmJoinSession(&session, u"no key"), ERROR_SESSION_CREDENTIAL_CONFLICT);
  CHECK_EQ(errno, EPERM);
  CHECK(strlen(RmxGetErrorText()) > 20);
  setenv("RESTART_MANAGER_DIR", "relative", 1);
  errno = 0;
  CHECK_EQ(Start(), ERROR_WRITE_FAULT);
  CHECK_EQ(errno, EIO);
  CHECK(strstr(RmxGetErrorText(), "relative") != NULL);
}

static void ADirectoryOthersCanWriteToIsRefused(void) {
  static const mode_t kModes[] = {0720, 0702, 0770, 0777, 0750, 01777};
  for (size_t i = 0; i < COUNT(kModes); ++i) {
    CHECK_EQ(chmod(StorePath(), kModes[i]), 0);
    CHECK_EQ(Start(), ERROR_WRITE_FAULT);
    CHECK(strstr(RmxGetErrorText(), StorePath()) != NULL);
  }
  CHECK_EQ(chmod(StorePath(), 0700), 0);
  CHECK_EQ(Start(), ERROR_SUCCESS);
}

static void ADirectoryOfAnotherUserIsRefused(void) {
  if (geteuid() != 0) {
    Skip("root, to give a directory away");
    return;
  }
  CHECK_EQ(chown(StorePath(), 65534, 65534), 0);
  CHECK_EQ(Start(), ERROR_WRITE_FAULT);
  CHECK_EQ(chown(StorePath(), 0, 0), 0);
  CHECK_EQ(Start(), ERROR_SUCCESS);
}

static int FindsNoRoom(void *argument) {
  (void)argument;
  const char *own = getenv("RESTART_MANAGER_DIR");
  if (chmod(own, 0500) != 0) return 1;
  if (Start() != ERROR_WRITE_FAULT || strlen(RmxGetErrorText()) == 0) return 2;
  if (chmod(own, 0700) != 0) return 3;
  return Start() == ERROR_SUCCESS ? 0 : 4;
}

static void AReadOnlyDirectoryIsAWriteFault(void) {
  const int status = RunAsNobody(FindsNoRoom, NULL);
  if (status < 0)
    Skip("root, to become a user who may not write everywhere");
  else
    CHECK_EQ(status, 0);
}

static void ALinkInsteadOfADirectoryIsRefused(void) {
  char link[128];
  strcpy(link, FilesPath());
  strcat(link, "/link");
  CHECK_EQ(symlink(StorePath(), link), 0);
  setenv("RESTART_MANAGER_DIR", link, 1);
  CHECK_EQ(Start(), ERROR_WRITE_FAULT);
}

const struct Test kStoreTests[] = {
    {"AFailureSetsErrnoAndHasASentence", AFailureSetsErrnoAndHasASentence},
    {"ADirectoryOthersCanWriteToIsRefused", ADirectoryOthersCanWriteToIsRefused},
    {"ADirectoryOfAnotherUserIsRefused", ADirectoryOfAnotherUserIsRefused},
    {"AReadOnlyDirectoryIsAWriteFault", AReadOnlyDirectoryIsAWriteFault},
    {"ALinkInsteadOfADirectoryIsRefused", ALinkInsteadOfADirectoryIsRefused},
    {NULL, NULL},
};
