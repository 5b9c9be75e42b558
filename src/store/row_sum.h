// Is a row as it was written? Of the columns that no codec puts a checksum behind.
#pragma once

#include <SQLiteCpp/Exception.h>
#include <sqlite3.h>

#include <initializer_list>

#include "base/checksum.h"
#include "store/packed.h"

namespace rm {

inline int64_t RowSum(std::initializer_list<int64_t> numbers,
                      std::initializer_list<std::string_view> texts = {}) {
  PackedWriter row;
  for (const int64_t number : numbers) row.Signed(number);
  for (const std::string_view text : texts) row.Bytes(text);
  return static_cast<int64_t>(Checksum(row.Take()));
}

inline void RequireSum(int64_t stored, int64_t computed) {
  if (stored != computed) throw SQLite::Exception("a row is not as it was written", SQLITE_CORRUPT);
}

}  // namespace rm
