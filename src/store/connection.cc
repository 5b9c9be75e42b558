#include "store/connection.h"

#include <sqlite3.h>

#include <algorithm>
#include <climits>

namespace rm {
namespace {

int BusyTimeout(std::chrono::milliseconds limit) {
  // Nothing above a day: the time that SQLite adds up must not overflow.
  constexpr std::chrono::milliseconds kLongest = std::chrono::hours(24);
  return static_cast<int>(std::clamp(limit, std::chrono::milliseconds(0), kLongest).count());
}

}  // namespace

Connection::Connection(const std::string& path, std::chrono::milliseconds lock_limit, bool fast)
    : path_(path),
      database_(path, SQLite::OPEN_READWRITE | SQLite::OPEN_NOMUTEX, BusyTimeout(lock_limit)) {
  if (sqlite3_db_readonly(database_.getHandle(), "main") == 1)
    throw SQLite::Exception("attempt to open a read-only database", SQLITE_READONLY);
  // NORMAL keeps the file sound over a power failure and syncs only at checkpoints; the last few
  // transactions it may lose belong to processes of a boot that is over.
  database_.exec(fast ? "PRAGMA synchronous=OFF" : "PRAGMA synchronous=NORMAL");
  // Debian's SQLite overwrites what is deleted, which makes the end of a session as costly as its
  // registrations. The file is closed to others anyway.
  database_.exec("PRAGMA secure_delete=OFF");
}

void Connection::SetLockLimit(std::chrono::milliseconds limit) {
  database_.setBusyTimeout(BusyTimeout(limit));
}

bool Connection::InTransaction() { return sqlite3_get_autocommit(database_.getHandle()) == 0; }

int Connection::SystemError() { return sqlite3_system_errno(database_.getHandle()); }

Query::Query(Connection& connection, const char* sql)
    : statement_(connection.prepared_.try_emplace(sql, connection.database_, sql).first->second) {}

Query::~Query() { statement_.tryReset(); }

Query& Query::Number(int64_t value) {
  statement_.bind(++bound_, value);
  return *this;
}

Query& Query::Bytes(std::string_view value) {
  if (value.size() > INT_MAX) throw SQLite::Exception("too many bytes for one row", SQLITE_TOOBIG);
  // An empty value is no NULL.
  statement_.bindNoCopy(++bound_, value.empty() ? "" : static_cast<const void*>(value.data()),
                        static_cast<int>(value.size()));
  return *this;
}

void Query::Run() {
  while (Next()) continue;
}

std::string_view Query::BytesAt(int column) {
  const SQLite::Column value = statement_.getColumn(column);
  const void* bytes = value.getBlob();
  return bytes ? std::string_view(static_cast<const char*>(bytes),
                                  static_cast<size_t>(value.getBytes()))
               : std::string_view();
}

Transaction::Transaction(Connection& connection, Kind kind) : connection_(connection) {
  Query(connection_, kind == Kind::kWrite ? "BEGIN IMMEDIATE" : "BEGIN").Run();
}

Transaction::~Transaction() {
  if (!connection_.InTransaction()) return;
  try {
    Query(connection_, "ROLLBACK").Run();
  } catch (const std::exception&) {  // also of memory that is not there
    // SQLite undid it already, or the store drops the connection, which undoes it too.
  }
}

void Transaction::Commit() { Query(connection_, "COMMIT").Run(); }

}  // namespace rm
