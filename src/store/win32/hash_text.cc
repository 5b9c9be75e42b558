#include "store/hash_text.h"

#include <windows.h>
// after windows.h
#include <bcrypt.h>

#include <cstdlib>

namespace rm {
namespace {

constexpr size_t kDigest = 32;  // bytes of SHA-256

}  // namespace

std::string HashText(std::string_view text) {
  BCRYPT_ALG_HANDLE algorithm = nullptr;
  BCRYPT_HASH_HANDLE hash = nullptr;
  std::string digest(kDigest, '\0');
  if (::BCryptOpenAlgorithmProvider(&algorithm, BCRYPT_SHA256_ALGORITHM, nullptr, 0) < 0 ||
      ::BCryptCreateHash(algorithm, &hash, nullptr, 0, nullptr, 0, 0) < 0 ||
      ::BCryptHashData(hash, reinterpret_cast<PUCHAR>(const_cast<char*>(text.data())),
                       static_cast<ULONG>(text.size()), 0) < 0 ||
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

bool SameHash(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  unsigned char differ = 0;
  for (size_t i = 0; i < a.size(); ++i) differ |= static_cast<unsigned char>(a[i] ^ b[i]);
  return differ == 0;
}

}  // namespace rm
