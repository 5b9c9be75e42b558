// How are sessions kept on this machine? One SQLite database per user, readable by that user alone.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "base/result.h"
#include "store/session_store.h"

namespace rm {

// Opens the store in `directory` (store/directory.h: StoreDirectory), creating the database if
// there is none. The first one to open it after a boot forgets the sessions of the boot before.
//
// `lock_limit`: how long a call may wait for another process that writes; 121 after that.
// `is_alive`: does this very process still exist? Asked by Start about the owners of other
// sessions.
//
// `boot_debts`: a directory that outlives a boot, where it is kept what is owed when the power
// fails (store/boot_debt_files.h); "": nothing is.
//
// The store may be used by several threads. It survives fork(): the connection is closed before and
// made anew by whoever uses it next, parent or child; fork() waits for calls that are under way.
Result<std::unique_ptr<SessionStore>> OpenSqliteStore(
    const std::string& directory, std::chrono::milliseconds lock_limit,
    std::function<bool(const ProcessId&)> is_alive, const std::string& boot_debts = "");

}  // namespace rm
