// What is in the database? Tables of this version, and nothing of an earlier boot.
#pragma once

#include <string>

#include "base/result.h"
#include "store/connection.h"

namespace rm {

// PRAGMA user_version of the format below and of store/codec.h.
inline constexpr int kSchemaVersion = 6;

// Of now, as the kernel prints it: with a newline. 29.
Result<std::string> BootId();

// Makes the tables if the file is empty, and forgets the sessions of another boot. 29 when the file
// was written by a later version or is no session store. Throws SQLite::Exception.
Result<void> PrepareSchema(Connection& connection);

}  // namespace rm
