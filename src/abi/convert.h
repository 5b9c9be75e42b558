// How do values of the domain look in the C structures?
#pragma once

#include <restartmanager.h>

#include <string>

#include "base/result.h"
#include "model/app.h"
#include "model/process.h"

namespace rm {

// FILETIMEs are computed from the boot time that the store keeps, so that everyone has the same.
RM_UNIQUE_PROCESS ToUnique(const ProcessId& process, int64_t boot_us);
// A start time that no process of this boot can have gives a ProcessId that matches nobody.
ProcessId ToProcess(const RM_UNIQUE_PROCESS& process, int64_t boot_us);
FILETIME ToFileTime(int64_t unix_us);

// 160 for NULL or text that stands for no byte sequence. `what` names it: "a file name".
Result<std::string> ToUtf8(LPCWSTR text, const char* what);

// Cut to what fits, never inside a surrogate pair; always with a NUL.
void CopyText(const std::string& utf8, WCHAR* out, size_t capacity);

RM_PROCESS_INFO ToInfo(const App& app, int64_t boot_us);

}  // namespace rm
