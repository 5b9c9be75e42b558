#include "store/schema.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sqlite3.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <ctime>
#include <string_view>

#include "base/unique_fd.h"
#include "base/win32_codes.h"
#include "store/row_sum.h"

namespace rm {
namespace {

// A registration is one row per call, however many files it names: rows are what costs.
// session.id is also its name; session.slot is SessionRecord::index. At most a few dozen sessions:
// an index on them would cost more than it finds. session.alias_hash: of a second key. sum: of the
// other columns, but the hashes, ids that SQLite gives, and blobs that have one in them.
constexpr char kTables[] = R"sql(
  CREATE TABLE boot(id BLOB PRIMARY KEY, time_us INTEGER NOT NULL, sum INTEGER NOT NULL);
  CREATE TABLE session(
    id INTEGER PRIMARY KEY,
    key_hash BLOB NOT NULL,
    alias_hash BLOB,
    slot INTEGER NOT NULL,
    owner_pid INTEGER NOT NULL,
    owner_start INTEGER NOT NULL,
    started_us INTEGER NOT NULL,
    shutdown_attempted INTEGER NOT NULL,
    sum INTEGER NOT NULL);
  CREATE TABLE registration(id INTEGER PRIMARY KEY, session INTEGER NOT NULL, batch BLOB NOT NULL);
  CREATE INDEX registration_session ON registration(session);
  CREATE TABLE filter(
    id INTEGER PRIMARY KEY,
    session INTEGER NOT NULL,
    target BLOB NOT NULL,
    action INTEGER NOT NULL,
    sum INTEGER NOT NULL,
    UNIQUE(session, target));
  CREATE TABLE seen(session INTEGER PRIMARY KEY, apps BLOB NOT NULL);
  CREATE TABLE debt(
    id INTEGER PRIMARY KEY,
    session INTEGER NOT NULL,
    state INTEGER NOT NULL,
    relaunch_unit BLOB NOT NULL,
    spec_file BLOB NOT NULL,
    stopped_run BLOB NOT NULL,
    owed BLOB NOT NULL,
    sum INTEGER NOT NULL);
  CREATE INDEX debt_session ON debt(session);
  PRAGMA user_version = 6;
)sql";
static_assert(kSchemaVersion == 6);

constexpr std::array kTableNames = {"boot", "session", "registration", "filter", "seen", "debt"};

void ForAllTables(Connection& connection, std::string_view verb) {
  for (const char* table : kTableNames)
    connection.Execute(fmt::format("{} {}", verb, table).c_str());
}

int64_t Microseconds(clockid_t clock) {
  timespec now{};
  ::clock_gettime(clock, &now);
  return std::chrono::duration_cast<std::chrono::microseconds>(
             std::chrono::seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec))
      .count();
}

int64_t Number(Connection& connection, const char* sql) {
  Query query(connection, sql);
  query.Next();
  return query.NumberAt(0);
}

// The change to WAL gives up at once when another process is at it, whatever the lock limit; a
// write transaction waits for that process.
void SwitchToWal(Connection& connection) {
  for (;;) {
    try {
      connection.Execute("PRAGMA journal_mode=WAL");
      return;
    } catch (const SQLite::Exception& busy) {
      if (busy.getErrorCode() != SQLITE_BUSY) throw;
    }
    Transaction(connection, Transaction::Kind::kWrite).Commit();
  }
}

Result<void> MakeTables(Connection& connection) {
  SwitchToWal(connection);
  Transaction transaction(connection, Transaction::Kind::kWrite);
  if (Number(connection, "PRAGMA user_version") != 0) return {};  // another process was faster
  if (Number(connection, "SELECT count(*) FROM sqlite_schema") != 0)
    return Fail(kWriteFault,
                "{} is a database, but not one of sessions. Move it away, or set "
                "RESTART_MANAGER_DIR to another directory.",
                connection.path());
  connection.Execute(kTables);
  transaction.Commit();
  return {};
}

// Of another version. In every one of them a session is a row of this table.
Result<void> MakeTablesAnew(Connection& connection) {
  Transaction transaction(connection, Transaction::Kind::kWrite);
  const int64_t version = Number(connection, "PRAGMA user_version");
  if (version == kSchemaVersion) return {};  // another process was faster
  const bool has_none =
      Number(connection, "SELECT count(*) FROM sqlite_schema WHERE name = 'session'") != 0 &&
      Number(connection, "SELECT count(*) FROM session") == 0;
  if (has_none) ForAllTables(connection, "DROP TABLE IF EXISTS");
  if (!has_none || Number(connection, "SELECT count(*) FROM sqlite_schema") != 0) {
    const bool older = version < kSchemaVersion;
    return Fail(kWriteFault,
                "{} has sessions of {} version of Restart Manager (format {}, this one knows "
                "format {}), or more than is known here, and may owe something its start. {}",
                connection.path(), older ? "an older" : "a later", version, kSchemaVersion,
                older ? "Let them end, or start what they stopped and delete the file."
                      : "Update this program.");
  }
  connection.Execute(kTables);
  transaction.Commit();
  return {};
}

void RequireIntegrity(Connection& connection) {
  Query check(connection, "PRAGMA integrity_check(1)");
  if (!check.Next() || check.BytesAt(0) != "ok")
    throw SQLite::Exception("its pages contradict each other", SQLITE_CORRUPT);
  // As it was given to SQLite, which believes what it says of each column.
  Query table(connection, "SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL");
  while (table.Next())
    if (std::string_view(kTables).find(table.BytesAt(0)) == std::string_view::npos)
      throw SQLite::Exception("its tables are not as they were made", SQLITE_CORRUPT);
  // The number of a session that is a row's own number is in no index, and in none of its sums.
  Query lost(connection,
             "SELECT 1 FROM (SELECT session FROM registration UNION SELECT session FROM filter "
             "UNION SELECT session FROM seen UNION SELECT session FROM debt) "
             "WHERE session NOT IN (SELECT id FROM session)");
  if (lost.Next()) throw SQLite::Exception("rows of it belong to no session", SQLITE_CORRUPT);
}

bool KnowsBoot(Connection& connection, const std::string& boot) {
  Query row(connection, "SELECT id, time_us, sum FROM boot");
  if (!row.Next()) return false;
  // A changed letter would be another boot, and all that is owed forgotten.
  RequireSum(row.NumberAt(2), RowSum({row.NumberAt(1)}, {row.BytesAt(0)}));
  return row.BytesAt(0) == boot;
}

}  // namespace

Result<std::string> BootId() {
  constexpr char kPath[] = "/proc/sys/kernel/random/boot_id";
  const UniqueFd file(::open(kPath, O_RDONLY | O_CLOEXEC));
  char id[64];
  const ssize_t size = file ? ::read(file.get(), id, sizeof id) : -1;
  if (size <= 0)
    return Fail(kWriteFault, "Cannot read {}: {}. Is /proc mounted, and not with subset=pid?",
                kPath, std::strerror(errno));
  return std::string(id, static_cast<size_t>(size));
}

Result<void> PrepareSchema(Connection& connection) {
  Result<std::string> boot = BootId();
  if (!boot) return Pass(std::move(boot));
  if (Number(connection, "PRAGMA user_version") == 0)
    if (auto made = MakeTables(connection); !made) return made;
  if (Number(connection, "PRAGMA user_version") != kSchemaVersion)
    if (auto made = MakeTablesAnew(connection); !made) return made;
  // A page that lost its rows looks like an empty one.
  RequireIntegrity(connection);
  if (KnowsBoot(connection, *boot)) return {};
  Transaction transaction(connection, Transaction::Kind::kWrite);
  if (KnowsBoot(connection, *boot)) return {};
  ForAllTables(connection, "DELETE FROM");
  const int64_t time = Microseconds(CLOCK_REALTIME) - Microseconds(CLOCK_BOOTTIME);
  Query(connection, "INSERT INTO boot(id, time_us, sum) VALUES(?, ?, ?)")
      .Bytes(*boot)
      .Number(time)
      .Number(RowSum({time}, {*boot}))
      .Run();
  transaction.Commit();
  return {};
}

}  // namespace rm
