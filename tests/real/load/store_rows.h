// What is left of sessions in a store?
#pragma once

#include <cstdint>
#include <map>
#include <string>

namespace rm::test {

// Rows by table, read from `directory`/sessions.db; -1 for what cannot be read.
std::map<std::string, int64_t> StoreRows(const std::string& directory);

// Those of sessions: all tables but the boot's. "": none.
std::string LeftInTables(const std::string& directory);

}  // namespace rm::test
