// What does a session know? Registrations, filters, apps seen and debts, each in a table of its
// own. The session must exist. Throws SQLite::Exception; 29 for rows that this program did not
// write.
#pragma once

#include <cstdint>
#include <vector>

#include "base/result.h"
#include "store/connection.h"
#include "store/session_store.h"

namespace rm {

void AddBatch(Connection& connection, SessionId session, std::string_view encoded);

// The newest filter on a target takes the place of the older one at the end of the list.
void PutFilter(Connection& connection, SessionId session, const Filter& filter);
// False: there is none on this target.
bool DeleteFilter(Connection& connection, SessionId session, const Filter& filter);

void PutSeen(Connection& connection, SessionId session, const std::vector<App>& seen);

// Returns the debt's id.
uint64_t AddDebt(Connection& connection, SessionId session, const Debt& debt);
// Overwrites them in the database's pages: an environment may hold secrets. Returns how many.
int DeleteDebts(Connection& connection, SessionId session);
// False: the session has no debt of this id.
bool UpdateDebt(Connection& connection, SessionId session, const Debt& debt);

Result<std::vector<Debt>> ReadDebts(Connection& connection, const SessionRecord& record);

Result<SessionState> ReadState(Connection& connection, SessionRecord record);

}  // namespace rm
