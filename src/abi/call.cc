#include "abi/call.h"

#include "abi/last_error.h"
#include "journal/socket.h"

namespace rm {

DWORD Report(const Error& error) {
  KeepLastError(error);
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
