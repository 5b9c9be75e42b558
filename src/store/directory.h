// In which directory do a user's sessions live, and is it really only theirs?
#pragma once

#include <string>

#include "base/result.h"
#include "base/unique_fd.h"

namespace rm {

inline constexpr char kRootStoreDirectory[] = "/run/restart-manager";

// RESTART_MANAGER_DIR, else /run/restart-manager for root, else $XDG_RUNTIME_DIR/restart-manager,
// which is /run/user/UID where it is not set.
// The environment is not asked in a set-user-ID program. Creates the last component (0700) and
// verifies as OpenPrivateDirectory does. 29.
Result<std::string> StoreDirectory();

// The directory, opened and verified: no symbolic link, owned by the effective user, no access for
// others, and nobody else can replace it or a directory above it. 29 says what is wrong.
Result<UniqueFd> OpenPrivateDirectory(const std::string& path);

// Creates an empty file (0600) if there is none and verifies its kind, owner and mode. Never opens
// it: closing a descriptor would drop the locks that SQLite holds in this process
// (fcntl_locking(2)). `path` is for people. 29.
Result<void> EnsurePrivateFile(int directory, const std::string& name, const std::string& path);

// The same of a file that may be missing, and is not created.
Result<void> RequirePrivateFile(int directory, const std::string& name, const std::string& path);

}  // namespace rm
