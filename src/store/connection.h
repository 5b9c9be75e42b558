// How does this process talk to the database file? Prepared statements over one connection, not for
// two threads at once, never used across a fork. Everything here throws SQLite::Exception; only
// sqlite_store.cc catches.
#pragma once

#include <SQLiteCpp/Database.h>
#include <SQLiteCpp/Statement.h>

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/result.h"

namespace rm {

class Connection {
 public:
  // `path` must exist and be writable. `fast`: the file does not survive a crash of the kernel, so
  // that nothing has to be written through.
  Connection(const std::string& path, std::chrono::milliseconds lock_limit, bool fast);

  const std::string& path() const { return path_; }
  void SetLockLimit(std::chrono::milliseconds limit);
  // Several statements without parameters.
  void Execute(const char* statements) { database_.exec(statements); }
  // A statement that may fail.
  void TryExecute(const char* statement) { (void)database_.tryExec(statement); }
  bool InTransaction();
  // errno of the last system call that failed, 0 if none did.
  int SystemError();
  // Rows that the last DELETE, INSERT or UPDATE changed.
  int Changed() { return database_.getChanges(); }

 private:
  friend class Query;

  std::string path_;
  SQLite::Database database_;
  // Keyed by the text of the query, a literal.
  std::unordered_map<std::string_view, SQLite::Statement> prepared_;
};

// One use of a prepared statement; the end of its life ends its hold on the database.
class Query {
 public:
  Query(Connection& connection, const char* sql);
  ~Query();
  Query(const Query&) = delete;
  Query& operator=(const Query&) = delete;

  // The parameters in their order. Bytes are not copied and must outlive the query.
  Query& Number(int64_t value);
  Query& Bytes(std::string_view value);

  // False: no further row.
  bool Next() { return statement_.executeStep(); }
  // To the end, rows or not.
  void Run();

  int64_t NumberAt(int column) { return statement_.getColumn(column).getInt64(); }
  // Valid until Next.
  std::string_view BytesAt(int column);

 private:
  SQLite::Statement& statement_;
  int bound_ = 0;
};

// Undone at the end of its life unless committed.
class Transaction {
 public:
  enum class Kind { kRead, kWrite };
  Transaction(Connection& connection, Kind kind);
  ~Transaction();
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;
  void Commit();

 private:
  Connection& connection_;
};

}  // namespace rm
