#include "real/load/store_rows.h"

#include <sqlite3.h>

namespace rm::test {

std::map<std::string, int64_t> StoreRows(const std::string& directory) {
  std::map<std::string, int64_t> rows;
  sqlite3* database = nullptr;
  sqlite3_open_v2((directory + "/sessions.db").c_str(), &database, SQLITE_OPEN_READWRITE, nullptr);
  sqlite3_busy_timeout(database, 60'000);
  for (const char* table : {"boot", "session", "registration", "filter", "seen", "debt"}) {
    sqlite3_stmt* count = nullptr;
    const std::string sql = std::string("SELECT count(*) FROM ") + table;
    const bool read = sqlite3_prepare_v2(database, sql.c_str(), -1, &count, nullptr) == SQLITE_OK &&
                      sqlite3_step(count) == SQLITE_ROW;
    rows[table] = read ? sqlite3_column_int64(count, 0) : -1;
    sqlite3_finalize(count);
  }
  sqlite3_close(database);
  return rows;
}

std::string LeftInTables(const std::string& directory) {
  std::string left;
  for (const auto& [table, rows] : StoreRows(directory))
    if (table != "boot" && rows != 0) left += std::to_string(rows) + " rows in " + table + "; ";
  return left;
}

}  // namespace rm::test
