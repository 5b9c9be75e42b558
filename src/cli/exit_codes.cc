#include "cli/exit_codes.h"

#include <restartmanager.h>
#include <sys/wait.h>

#include <cerrno>

namespace rm::cli {

int ExitCodeOfError(uint32_t code) {
  switch (code) {
    case ERROR_SUCCESS:
      return 0;
    case ERROR_FAIL_SHUTDOWN:
      return kExitNotStopped;
    case ERROR_FAIL_NOACTION_REBOOT:
      return kExitReboot;
    case ERROR_FAIL_RESTART:
      return kExitNotBack;
    case ERROR_CANCELLED:
      return kExitCancelled;
    case ERROR_FILE_NOT_FOUND:
    case ERROR_ACCESS_DENIED:  // a directory was registered
    case ERROR_BAD_ARGUMENTS:
    case ERROR_REQUEST_OUT_OF_SEQUENCE:
    case ERROR_SESSION_CREDENTIAL_CONFLICT:
      return kExitUsage;
    default:
      return kExitBroken;
  }
}

int ExitCodeOfStatus(int status) {
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

int ExitCodeOfExec(int error) { return error == ENOENT ? kExitNotFound : kExitCannotExecute; }

}  // namespace rm::cli
