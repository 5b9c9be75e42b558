#include "abi/system_error.h"

#include <cerrno>

#include "base/win32_codes.h"

namespace rm {
namespace {

int ErrnoOf(uint32_t code) {
  switch (code) {
    case kFileNotFound:
      return ENOENT;
    case kAccessDenied:
      return EACCES;
    case kInvalidHandle:
      return EBADF;
    case kOutOfMemory:
      return ENOMEM;
    case kWriteFault:
      return EIO;
    case kSemTimeout:
      return ETIMEDOUT;
    case kBadArguments:
      return EINVAL;
    case kMoreData:
      return ERANGE;
    case kMaxSessionsReached:
      return EMFILE;
    case kSessionCredentialConflict:
      return EPERM;
    case kCancelled:
      return ECANCELED;
    default:
      return EBUSY;
  }
}

}  // namespace

void SetSystemError(uint32_t code) { errno = ErrnoOf(code); }

}  // namespace rm
