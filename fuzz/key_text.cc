// The buffer that a caller of the C ABI says is a session key, in one of two widths and without an
// end
#include "abi/key_text.h"

#include <vector>

#include "fuzz/fuzz.h"

void rm::Fuzz(std::string_view input) {
  // The first that cannot belong to a key, in either width: nothing behind it may be read.
  std::vector<char> buffer(input.begin(), input.end());
  buffer.insert(buffer.end(), {'\xAA', '\xAA'});
  buffer.shrink_to_fit();

  const std::string key = ReadKey(buffer.data());
  const auto guid = NarrowGuid(buffer.data());
  if (guid) Require(key == *guid);
  if (key.empty()) return;
  Require(key.size() == CCH_RM_SESSION_KEY);
  Require(key.find_first_not_of("0123456789abcdefABCDEF") == key.npos);
  std::string wide;
  for (const char c : key) (wide += c) += '\0';
  Require(ReadKey((wide + std::string(2, '\0')).data()) == key);
  Require(ReadKey(key.c_str()) == key);
}
