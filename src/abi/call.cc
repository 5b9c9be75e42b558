#include "abi/call.h"

#include "abi/system_error.h"
#include "journal/socket.h"

namespace rm {
namespace {

thread_local std::string last_error_text;

}  // namespace

const char* LastErrorText() { return last_error_text.c_str(); }

DWORD Report(const Error& error) {
  try {
    last_error_text = error.message;
  } catch (...) {
    last_error_text.clear();
  }
  SetSystemError(error.code);
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
