#include "abi/call.h"

#include <cerrno>

#include "journal/socket.h"

namespace rm {
namespace {

thread_local std::string last_error_text;

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

const char* LastErrorText() { return last_error_text.c_str(); }

DWORD Report(const Error& error) {
  try {
    last_error_text = error.message;
  } catch (...) {
    last_error_text.clear();
  }
  errno = ErrnoOf(error.code);
  return error.code;
}

DWORD ReportBug(const char* what) noexcept {
  try {
    ToJournal()(InternalError(nullptr, what));
    return Report(Error{kWriteFault, what});
  } catch (const std::bad_alloc&) {
    return Report(Error{kOutOfMemory, {}});
  }
}

}  // namespace rm
