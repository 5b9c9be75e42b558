// How do values of the domain look in the C structures?
#pragma once

#include <restartmanager.h>

#include <string>

#include "abi/process_time.h"
#include "base/result.h"
#include "model/app.h"

namespace rm {

// 160 for NULL or text that stands for no byte sequence. `what` names it: "a file name".
Result<std::string> ToUtf8(LPCWSTR text, const char* what);

// Cut to what fits, never inside a surrogate pair; always with a NUL.
void CopyText(const std::string& utf8, WCHAR* out, size_t capacity);

RM_PROCESS_INFO ToInfo(const App& app, int64_t boot_us);

}  // namespace rm
