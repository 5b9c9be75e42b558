// Where does a caller look for more than the code? errno has its nearest meaning, and each thread
// the sentence of its last failure. Of Windows' functions none tells a sentence: there it is
// GetLastError alone.
#pragma once

#include "base/result.h"

namespace rm {

// `error.code`: one of base/win32_codes.h.
void KeepLastError(const Error& error) noexcept;
const char* LastErrorText();  // not on Windows

}  // namespace rm
