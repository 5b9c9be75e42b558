#include "store/session_rows.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "base/win32_codes.h"
#include "store/content_rows.h"
#include "store/hash_text.h"
#include "store/row_sum.h"
#include "store/session_key.h"

namespace rm {
namespace {

#define SESSION_COLUMNS "id, slot, owner_pid, owner_start, started_us, shutdown_attempted, sum"
constexpr int kColumns = 7;

int64_t Row(SessionId session) { return static_cast<int64_t>(session); }

// The name is the id: one random number is enough to tell sessions apart.
std::string NameOf(SessionId session) { return fmt::format("{:016x}", session); }

int64_t SumOf(const SessionRecord& record) {
  return RowSum({Row(record.id), record.index, record.owner.pid,
                 static_cast<int64_t>(record.owner.start_ticks), record.started_us,
                 record.shutdown_attempted});
}

SessionRecord RecordAt(Query& row) {
  SessionRecord record;
  record.id = static_cast<SessionId>(row.NumberAt(0));
  record.name = NameOf(record.id);
  record.index = static_cast<uint32_t>(row.NumberAt(1));
  record.owner.pid = static_cast<pid_t>(row.NumberAt(2));
  record.owner.start_ticks = static_cast<uint64_t>(row.NumberAt(3));
  record.started_us = row.NumberAt(4);
  record.shutdown_attempted = row.NumberAt(5) != 0;
  RequireSum(row.NumberAt(6), SumOf(record));
  return record;
}

// What was only planned may have left files behind, which Recover removes.
bool Owes(Connection& connection, SessionId session) {
  return Query(connection, "SELECT 1 FROM debt WHERE session = ? AND state IN (?, ?, ?)")
      .Number(Row(session))
      .Number(static_cast<int64_t>(DebtState::kPlanned))
      .Number(static_cast<int64_t>(DebtState::kOwed))
      .Number(static_cast<int64_t>(DebtState::kFailed))
      .Next();
}

// The first that no session has.
uint32_t FreeSlot(Connection& connection) {
  uint32_t free = 0;
  for (const SessionRecord& other : ReadSessions(connection))
    if (other.index == free) ++free;
  return free;
}

void Insert(Connection& connection, const SessionRecord& record, std::string_view key_hash) {
  Query(connection,
        "INSERT INTO session(id, key_hash, slot, owner_pid, owner_start, started_us, "
        "shutdown_attempted, sum) VALUES(?, ?, ?, ?, ?, ?, ?, ?)")
      .Number(Row(record.id))
      .Bytes(key_hash)
      .Number(record.index)
      .Number(record.owner.pid)
      .Number(static_cast<int64_t>(record.owner.start_ticks))
      .Number(record.started_us)
      .Number(record.shutdown_attempted)
      .Number(SumOf(record))
      .Run();
}

int64_t Now() {
  return std::chrono::duration_cast<std::chrono::microseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

}  // namespace

std::vector<SessionRecord> ReadSessions(Connection& connection) {
  std::vector<SessionRecord> sessions;
  Query row(connection, "SELECT " SESSION_COLUMNS " FROM session ORDER BY slot");
  while (row.Next()) sessions.push_back(RecordAt(row));
  return sessions;
}

std::optional<SessionRecord> ReadSession(Connection& connection, SessionId session) {
  Query row(connection, "SELECT " SESSION_COLUMNS " FROM session WHERE id = ?");
  if (!row.Number(Row(session)).Next()) return std::nullopt;
  return RecordAt(row);
}

std::optional<SessionRecord> FindSession(Connection& connection, const std::string& key_hash) {
  std::optional<SessionRecord> found;
  Query row(connection, "SELECT " SESSION_COLUMNS ", key_hash, alias_hash FROM session");
  while (row.Next()) {
    const bool key = SameHash(row.BytesAt(kColumns), key_hash);
    const bool alias = SameHash(row.BytesAt(kColumns + 1), key_hash);
    if (key || alias) found = RecordAt(row);
  }
  return found;
}

void PutAlias(Connection& connection, SessionId session, const std::string& alias_hash) {
  Query(connection, "UPDATE session SET alias_hash = NULL WHERE alias_hash = ?")
      .Bytes(alias_hash)
      .Run();
  Query(connection, "UPDATE session SET alias_hash = ? WHERE id = ?")
      .Bytes(alias_hash)
      .Number(Row(session))
      .Run();
}

void PutShutdownAttempted(Connection& connection, SessionId session) {
  auto record = ReadSession(connection, session);
  if (!record) return;
  record->shutdown_attempted = true;
  Query(connection, "UPDATE session SET shutdown_attempted = 1, sum = ? WHERE id = ?")
      .Number(SumOf(*record))
      .Number(Row(session))
      .Run();
}

Result<void> RequireSession(Connection& connection, SessionId session) {
  if (Query(connection, "SELECT 1 FROM session WHERE id = ?").Number(Row(session)).Next())
    return {};
  return Fail(kInvalidHandle,
              "The session {} has ended. Start another one, or join the one that goes on.",
              NameOf(session));
}

bool DeleteSession(Connection& connection, SessionId session) {
  Query(connection, "DELETE FROM session WHERE id = ?").Number(Row(session)).Run();
  if (connection.Changed() == 0) return false;
  Query(connection, "DELETE FROM registration WHERE session = ?").Number(Row(session)).Run();
  Query(connection, "DELETE FROM filter WHERE session = ?").Number(Row(session)).Run();
  Query(connection, "DELETE FROM seen WHERE session = ?").Number(Row(session)).Run();
  return true;
}

bool AddEarlierSession(Connection& connection, SessionId session, int64_t started_us) {
  if (ReadSession(connection, session)) return false;
  SessionRecord earlier;
  earlier.id = session;
  earlier.index = FreeSlot(connection);
  earlier.started_us = started_us;
  earlier.shutdown_attempted = true;
  Insert(connection, earlier, "");
  return true;
}

Result<NewSession> AddSession(Connection& connection, const ProcessId& owner,
                              const std::vector<SessionId>& abandoned) {
  NewSession created;
  for (SessionId session : abandoned) {
    if (Owes(connection, session)) {
      created.dead_owe = true;
    } else {
      DeleteDebts(connection, session);
      DeleteSession(connection, session);
    }
  }
  size_t open = 0;
  for (const SessionRecord& other : ReadSessions(connection)) {
    if (std::ranges::find(abandoned, other.id) == abandoned.end()) ++open;
    if (other.index == created.record.index) ++created.record.index;
  }
  if (open >= kMaxSessions)
    return Fail(
        kMaxSessionsReached,
        "This user has {} sessions open already, which is the limit. End one, or the program "
        "that holds one; restartctl session show lists them.",
        open);
  created.key = MakeSessionKey();
  created.record.id = RandomNumber();
  created.record.name = NameOf(created.record.id);
  created.record.owner = owner;
  created.record.started_us = Now();
  Insert(connection, created.record, *HashSessionKey(created.key));
  return created;
}

}  // namespace rm
