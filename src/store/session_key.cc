#include "store/session_key.h"

#include <fmt/format.h>

#include "store/hash_text.h"

namespace rm {
namespace {

constexpr size_t kKeyDigits = 32;

}  // namespace

std::string MakeSessionKey() {
  return fmt::format("{:016x}{:016x}", RandomNumber(), RandomNumber());
}

std::optional<std::string> HashSessionKey(std::string_view key) {
  if (key.size() != kKeyDigits) return std::nullopt;
  std::string lower(key);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'F') c = static_cast<char>(c - 'A' + 'a');
    if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'))) return std::nullopt;
  }
  return HashText(lower);
}

}  // namespace rm
