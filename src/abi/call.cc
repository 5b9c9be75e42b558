#include "abi/call.h"

#include "abi/system_error.h"
#include "journal/socket.h"

namespace rm {
namespace {

// Destructors of the program run when those of its main thread's variables have: nobody frees what
// is said that late.
thread_local std::string* last_error_text = nullptr;
struct Freed {
  ~Freed() { delete std::exchange(last_error_text, nullptr); }
};

}  // namespace

const char* LastErrorText() { return last_error_text ? last_error_text->c_str() : ""; }

DWORD Report(const Error& error) {
  try {
    thread_local const Freed with_the_thread;
    if (!last_error_text) last_error_text = new std::string;
    *last_error_text = error.message;
  } catch (...) {
    if (last_error_text) last_error_text->clear();
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
