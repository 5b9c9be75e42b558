// Names that cross the C ABI: bytes to UTF-16 and back, and any UTF-16
#include "base/text.h"

#include <cstring>

#include "fuzz/fuzz.h"

void rm::Fuzz(std::string_view input) {
  const auto back = Utf16ToUtf8(Utf8ToUtf16(input));
  Require(back && *back == input);
  std::u16string wide(input.size() / 2, u'\0');
  std::memcpy(wide.data(), input.data(), wide.size() * 2);
  // What can be said in bytes is said in one way.
  if (const auto bytes = Utf16ToUtf8(wide)) Require(Utf8ToUtf16(*bytes) == wide);
}
