#include "procfs/auxv.h"

#include <elf.h>

#include <cstdint>
#include <cstring>
#include <map>

namespace rm {
namespace {

template <class Word>
std::optional<IdsAtStart> Parse(std::string_view auxv) {
  std::map<Word, Word> values;
  struct Entry {
    Word type, value;
  } entry;
  for (; auxv.size() >= sizeof entry; auxv.remove_prefix(sizeof entry)) {
    std::memcpy(&entry, auxv.data(), sizeof entry);
    if (entry.type == AT_NULL) break;
    values[entry.type] = entry.value;
  }
  // In words of the wrong size it is 0.
  if (values[AT_PAGESZ] == 0) return std::nullopt;
  for (const Word type : {AT_UID, AT_EUID, AT_GID, AT_EGID})
    if (!values.contains(type)) return std::nullopt;
  return IdsAtStart{static_cast<uid_t>(values[AT_UID]), static_cast<uid_t>(values[AT_EUID]),
                    static_cast<gid_t>(values[AT_GID]), static_cast<gid_t>(values[AT_EGID])};
}

}  // namespace

std::optional<IdsAtStart> ParseIdsAtStart(std::string_view auxv) {
  const auto ids = Parse<uint64_t>(auxv);
  return ids ? ids : Parse<uint32_t>(auxv);
}

}  // namespace rm
