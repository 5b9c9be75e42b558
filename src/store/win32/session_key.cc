#include "store/session_key.h"

#include <fmt/format.h>
#include <windows.h>
// after windows.h
#include <bcrypt.h>

#include <cstdlib>

#include "store/win32/hash_text.h"

namespace rm {
namespace {

constexpr size_t kKeyDigits = 32;
constexpr size_t kDigest = 32;  // bytes of SHA-256

}  // namespace

std::string HashText(std::string text) {
  BCRYPT_ALG_HANDLE algorithm = nullptr;
  BCRYPT_HASH_HANDLE hash = nullptr;
  std::string digest(kDigest, '\0');
  if (::BCryptOpenAlgorithmProvider(&algorithm, BCRYPT_SHA256_ALGORITHM, nullptr, 0) < 0 ||
      ::BCryptCreateHash(algorithm, &hash, nullptr, 0, nullptr, 0, 0) < 0 ||
      ::BCryptHashData(hash, reinterpret_cast<PUCHAR>(text.data()), static_cast<ULONG>(text.size()),
                       0) < 0 ||
      ::BCryptFinishHash(hash, reinterpret_cast<PUCHAR>(digest.data()), kDigest, 0) < 0)
    std::abort();
  ::BCryptDestroyHash(hash);
  ::BCryptCloseAlgorithmProvider(algorithm, 0);
  return digest;
}

uint64_t RandomNumber() {
  uint64_t number = 0;
  if (::BCryptGenRandom(nullptr, reinterpret_cast<PUCHAR>(&number), sizeof number,
                        BCRYPT_USE_SYSTEM_PREFERRED_RNG) < 0)
    std::abort();
  return number;
}

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
  return HashText(std::move(lower));
}

bool SameHash(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  unsigned char differ = 0;
  for (size_t i = 0; i < a.size(); ++i) differ |= static_cast<unsigned char>(a[i] ^ b[i]);
  return differ == 0;
}

}  // namespace rm
