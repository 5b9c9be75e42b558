#include "abi/last_error.h"

#include <cerrno>
#include <string>
#include <utility>

#include "base/win32_codes.h"

namespace rm {
namespace {

// Destructors of the program run when those of its main thread's variables have: nobody frees what
// is said that late.
thread_local std::string* last_error_text = nullptr;
struct Freed {
  ~Freed() { delete std::exchange(last_error_text, nullptr); }
};

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

void KeepLastError(const Error& error) noexcept {
  try {
    thread_local const Freed with_the_thread;
    if (!last_error_text) last_error_text = new std::string;
    *last_error_text = error.message;
  } catch (...) {
    if (last_error_text) last_error_text->clear();
  }
  errno = ErrnoOf(error.code);
}

const char* LastErrorText() { return last_error_text ? last_error_text->c_str() : ""; }

}  // namespace rm
