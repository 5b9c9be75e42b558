// How does a C++ failure leave through a C function? As a code, with a sentence kept per thread.
#pragma once

#include <restartmanager.h>

#include <exception>
#include <new>
#include <utility>

#include "base/result.h"
#include "base/win32_codes.h"

namespace rm {

// Keeps it (abi/last_error.h) and returns its code.
DWORD Report(const Error& error);
// 29, with what an exception said that nobody expected; the journal hears of it.
DWORD ReportBug(const char* what) noexcept;

// A failure with a code that a function does not document is 29, with its own sentence: callers
// know what to do about the documented ones. All of them have 14, 29 and 121; an empty list is a
// function with any code.
template <uint32_t... kDocumented>
Error AsDocumented(Error error) {
  const bool documented = sizeof...(kDocumented) == 0 || error.code == kOutOfMemory ||
                          error.code == kSemTimeout || ((error.code == kDocumented) || ...);
  if (!documented) error.code = kWriteFault;
  return error;
}

// The one guard of every ABI function: no exception crosses it.
template <uint32_t... kDocumented, class Body>
DWORD Call(Body&& body) noexcept {
  try {
    Result<void> result = std::forward<Body>(body)();
    return result ? ERROR_SUCCESS : Report(AsDocumented<kDocumented...>(std::move(result.error())));
  } catch (const std::bad_alloc&) {
    return Report(Error{kOutOfMemory, "out of memory"});
  } catch (const std::exception& failure) {
    return ReportBug(failure.what());
  }
}

}  // namespace rm
