// How does a C++ failure leave through a C function? As a code, with a sentence kept per thread.
#pragma once

#include <restartmanager.h>

#include <exception>
#include <new>
#include <utility>

#include "base/result.h"
#include "base/win32_codes.h"

namespace rm {

const char* LastErrorText();
// Remembers the sentence, sets errno to the nearest meaning, returns the code.
DWORD Report(const Error& error);

// The one guard of every ABI function: no exception crosses it.
template <class Body>
DWORD Call(Body&& body) noexcept {
  try {
    Result<void> result = std::forward<Body>(body)();
    return result ? ERROR_SUCCESS : Report(result.error());
  } catch (const std::bad_alloc&) {
    return Report(Error{kOutOfMemory, "out of memory"});
  } catch (const std::exception& failure) {
    return Report(Error{kWriteFault, failure.what()});
  }
}

}  // namespace rm
