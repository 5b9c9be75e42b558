#include "base/checksum.h"

#include <gtest/gtest.h>

namespace rm {
namespace {

const std::string kText = "/usr/sbin/nginx -g daemon off;";

TEST(Checksum, WhatWasSealedComesBack) {
  for (const std::string& text : {std::string(), std::string("x"), std::string(8, '\0'), kText})
    EXPECT_EQ(Unseal(Seal(text)), text);
}

TEST(Checksum, EachByteThatBecomesAnyOtherIsNoticed) {
  const std::string sealed = Seal(kText);
  for (size_t at = 0; at < sealed.size(); ++at)
    for (int change = 1; change < 256; ++change) {
      std::string damaged = sealed;
      damaged[at] = static_cast<char>(damaged[at] ^ change);
      EXPECT_FALSE(Unseal(damaged)) << at << " ^ " << change;
    }
}

TEST(Checksum, TheSameBitInTwoPlacesIsNoticed) {
  const std::string sealed = Seal(std::string(64, 'x'));
  for (size_t first = 0; first < 64; ++first)
    for (size_t second = first + 1; second < 64; ++second)
      for (int bit = 0; bit < 8; ++bit) {
        std::string damaged = sealed;
        for (const size_t at : {first, second})
          damaged[at] = static_cast<char>(damaged[at] ^ (1 << bit));
        EXPECT_FALSE(Unseal(damaged)) << first << ' ' << second << ' ' << bit;
      }
}

TEST(Checksum, WhatIsCutShortOrLongerIsNoticed) {
  const std::string sealed = Seal(kText);
  for (size_t size = 0; size < sealed.size(); ++size)
    EXPECT_FALSE(Unseal(std::string_view(sealed).substr(0, size))) << size;
  EXPECT_FALSE(Unseal(sealed + std::string(1, '\0')));
  EXPECT_FALSE(Unseal(std::string(8, '\0') + sealed));
}

}  // namespace
}  // namespace rm
