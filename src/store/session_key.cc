#include "store/session_key.h"

#include <fmt/format.h>
#include <nettle/memops.h>
#include <nettle/sha2.h>
#include <sys/random.h>

#include <cstdlib>

namespace rm {
namespace {

constexpr size_t kKeyDigits = 32;

}  // namespace

uint64_t RandomNumber() {
  uint64_t number = 0;
  // Up to 256 bytes come whole; EINTR can happen only before the kernel's first seeding.
  while (::getrandom(&number, sizeof number, 0) != sizeof number)
    if (errno != EINTR) std::abort();
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
  sha256_ctx context;
  sha256_init(&context);
  sha256_update(&context, lower.size(), reinterpret_cast<const uint8_t*>(lower.data()));
  std::string hash(SHA256_DIGEST_SIZE, '\0');
  sha256_digest(&context, hash.size(), reinterpret_cast<uint8_t*>(hash.data()));
  return hash;
}

bool SameHash(std::string_view a, std::string_view b) {
  return a.size() == b.size() && memeql_sec(a.data(), b.data(), a.size()) != 0;
}

}  // namespace rm
