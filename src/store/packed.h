// How do values become the bytes of one column? Numbers are LEB128, bytes have their length before
// them; nothing says what a value means, so writer and reader go in the same order. Shorter than
// base/blob.h by half, which decides what it costs to register ten thousand files.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/checksum.h"

namespace rm {

class PackedWriter {
 public:
  void Reserve(size_t bytes) { bytes_.reserve(bytes); }
  void Number(uint64_t value);
  void Signed(int64_t value);
  void Bytes(std::string_view value);
  // With a checksum behind it all.
  std::string Take() { return Seal(std::move(bytes_)); }

 private:
  std::string bytes_;
};

// Reads any bytes without harm: after the first thing that does not fit, every value is 0 or empty;
// of bytes that were damaged, all are.
class PackedReader {
 public:
  explicit PackedReader(std::string_view bytes) {
    const auto whole = Unseal(bytes);
    rest_ = whole.value_or("");
    failed_ = !whole;
  }

  uint64_t Number();
  int64_t Signed();
  std::string Bytes();
  // A number of elements; never more than there are bytes left, so that it is safe to allocate for.
  size_t Count();

  // Everything fitted and nothing is left over.
  bool Complete() const { return !failed_ && rest_.empty(); }

 private:
  uint64_t Refuse();

  std::string_view rest_;
  bool failed_ = false;
};

}  // namespace rm
