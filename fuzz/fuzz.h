// What is a fuzzer? One function on bytes, which must survive any; what it promises is required.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

namespace rm {

void Fuzz(std::string_view input);

inline void Require(bool holds) {
  if (!holds) abort();
}

}  // namespace rm

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  rm::Fuzz({reinterpret_cast<const char*>(data), size});
  return 0;
}
