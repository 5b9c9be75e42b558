#include "store/hash_text.h"

#include <nettle/memops.h>
#include <nettle/sha2.h>
#include <sys/random.h>

#include <cerrno>
#include <cstdlib>

namespace rm {

uint64_t RandomNumber() {
  uint64_t number = 0;
  // Up to 256 bytes come whole; EINTR can happen only before the kernel's first seeding.
  while (::getrandom(&number, sizeof number, 0) != sizeof number)
    if (errno != EINTR) std::abort();
  return number;
}

std::string HashText(std::string_view text) {
  sha256_ctx context;
  sha256_init(&context);
  sha256_update(&context, text.size(), reinterpret_cast<const uint8_t*>(text.data()));
  std::string hash(SHA256_DIGEST_SIZE, '\0');
  sha256_digest(&context, hash.size(), reinterpret_cast<uint8_t*>(hash.data()));
  return hash;
}

bool SameHash(std::string_view a, std::string_view b) {
  return a.size() == b.size() && memeql_sec(a.data(), b.data(), a.size()) != 0;
}

}  // namespace rm
