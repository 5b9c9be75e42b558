// What does a failure of SQLite mean to the caller, and what can a person do about it?
#pragma once

#include <SQLiteCpp/Exception.h>

#include <string>

#include "base/result.h"

namespace rm {

// 121 another process has the write lock, 14 no memory, 29 everything else. `system_error`: errno
// of the system call that failed, 0 if none is known.
Error ExplainSqlite(const SQLite::Exception& failure, int system_error, const std::string& path);

}  // namespace rm
