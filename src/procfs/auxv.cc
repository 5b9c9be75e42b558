#include "procfs/auxv.h"

#include <elf.h>

#include <cstdint>
#include <cstring>
#include <map>

namespace rm {
namespace {

using Values = std::map<uint64_t, uint64_t>;

template <class Word>
Values Parse(std::string_view auxv) {
  Values values;
  struct Entry {
    Word type, value;
  } entry;
  for (; auxv.size() >= sizeof entry; auxv.remove_prefix(sizeof entry)) {
    std::memcpy(&entry, auxv.data(), sizeof entry);
    if (entry.type == AT_NULL) break;
    values[entry.type] = entry.value;
  }
  // In words of the wrong size it is 0.
  return values[AT_PAGESZ] == 0 ? Values() : values;
}

Values ParseEitherSize(std::string_view auxv) {
  Values values = Parse<uint64_t>(auxv);
  return values.empty() ? Parse<uint32_t>(auxv) : values;
}

}  // namespace

std::optional<IdsAtStart> ParseIdsAtStart(std::string_view auxv) {
  Values values = ParseEitherSize(auxv);
  for (const uint64_t type : {AT_UID, AT_EUID, AT_GID, AT_EGID})
    if (!values.contains(type)) return std::nullopt;
  return IdsAtStart{static_cast<uid_t>(values[AT_UID]), static_cast<uid_t>(values[AT_EUID]),
                    static_cast<gid_t>(values[AT_GID]), static_cast<gid_t>(values[AT_EGID])};
}

uint64_t ParseNameAddress(std::string_view auxv) { return ParseEitherSize(auxv)[AT_EXECFN]; }

}  // namespace rm
