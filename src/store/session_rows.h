// Which sessions are there, and whose? The table `session`. Throws SQLite::Exception.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "store/connection.h"
#include "store/session_store.h"

namespace rm {

inline constexpr size_t kMaxSessions = 64;

std::vector<SessionRecord> ReadSessions(Connection& connection);
std::optional<SessionRecord> ReadSession(Connection& connection, SessionId session);

// Of the hash of a key or an alias; looks at every session, whichever matches.
std::optional<SessionRecord> FindSession(Connection& connection, const std::string& key_hash);

// Replaces the alias. A session that had the same one loses it: the newest is meant.
void PutAlias(Connection& connection, SessionId session, const std::string& alias_hash);

// Of a session that is there.
void PutShutdownAttempted(Connection& connection, SessionId session);

// 1219.
Result<void> RequireSession(Connection& connection, SessionId session);

// Removes the session and all it knows but its debts. False: there is none.
bool DeleteSession(Connection& connection, SessionId session);

// Adds a session of an earlier boot, which has no key and no owner. False: it is there already.
bool AddEarlierSession(Connection& connection, SessionId session, int64_t started_us);

// Adds a session at the first free index. `abandoned`: sessions whose owner is dead. Of these, the
// ones that owe nothing are removed; the others stay for whoever pays, and do not count as open.
// 353.
Result<NewSession> AddSession(Connection& connection, const ProcessId& owner,
                              const std::vector<SessionId>& abandoned);

}  // namespace rm
