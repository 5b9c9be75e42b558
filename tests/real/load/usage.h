// What does this process have in use, and what is kept in a store?
#pragma once

#include <cstdint>
#include <map>
#include <string>

namespace rm::test {

// Counts and bytes by name. Children that run `program` do not count, those who work for the store
// do.
std::map<std::string, int64_t> Usage(const std::string& store, const std::string& program);

}  // namespace rm::test
