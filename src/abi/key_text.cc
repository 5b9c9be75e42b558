#include "abi/key_text.h"

#include <cstring>

namespace rm {
namespace {

constexpr size_t kDigits = CCH_RM_SESSION_KEY;
constexpr size_t kGuid = 36;

bool IsDigit(unsigned unit) {
  return (unit >= '0' && unit <= '9') || (unit >= 'a' && unit <= 'f') ||
         (unit >= 'A' && unit <= 'F');
}

bool HasDashAt(size_t i) { return i == 8 || i == 13 || i == 18 || i == 23; }

// The digits of text that ends where a key ends, "" for any other. The caller's text need not be
// aligned.
template <class Unit>
std::string Digits(const void* text, bool dashes) {
  std::string digits;
  for (size_t i = 0; i < (dashes ? kGuid : kDigits) + 1; ++i) {
    Unit unit;
    std::memcpy(&unit, static_cast<const char*>(text) + i * sizeof unit, sizeof unit);
    if (unit == 0) return digits.size() == kDigits ? digits : "";
    if (dashes && HasDashAt(i) ? unit != '-' : !IsDigit(unit)) return "";
    if (unit != '-') digits.push_back(static_cast<char>(unit));
  }
  return "";
}

}  // namespace

std::optional<std::string> NarrowGuid(const void* buffer) {
  std::string digits = Digits<unsigned char>(buffer, true);
  if (digits.empty()) return std::nullopt;
  return digits;
}

std::string ReadKey(const void* key) {
  const auto* bytes = static_cast<const unsigned char*>(key);
  // The first character of a key is a digit; the second byte of a 16-bit one is 0.
  if (!IsDigit(bytes[0])) return "";
  if (bytes[1] == 0) return Digits<WCHAR>(key, false);
  return NarrowGuid(key).value_or(Digits<unsigned char>(key, false));
}

}  // namespace rm
