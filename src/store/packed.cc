#include "store/packed.h"

namespace rm {
namespace {

constexpr unsigned kBitsPerByte = 7;
constexpr uint64_t kMoreFollows = 0x80;
constexpr unsigned kLastShift = 63;

}  // namespace

void PackedWriter::Number(uint64_t value) {
  char encoded[10];
  size_t size = 0;
  for (; value >= kMoreFollows; value >>= kBitsPerByte)
    encoded[size++] = static_cast<char>(value | kMoreFollows);
  encoded[size++] = static_cast<char>(value);
  bytes_.append(encoded, size);
}

void PackedWriter::Signed(int64_t value) {
  // Zigzag: small negative numbers stay short.
  Number((static_cast<uint64_t>(value) << 1) ^ (value < 0 ? ~uint64_t{0} : 0));
}

void PackedWriter::Bytes(std::string_view value) {
  Number(value.size());
  bytes_.append(value);
}

uint64_t PackedReader::Refuse() {
  failed_ = true;
  rest_ = {};
  return 0;
}

uint64_t PackedReader::Number() {
  uint64_t value = 0;
  for (unsigned shift = 0; !rest_.empty(); shift += kBitsPerByte) {
    const uint64_t byte = static_cast<unsigned char>(rest_.front());
    rest_.remove_prefix(1);
    if (shift == kLastShift && byte > 1) return Refuse();
    value |= (byte & ~kMoreFollows) << shift;
    if (byte < kMoreFollows) return value;
  }
  return Refuse();
}

int64_t PackedReader::Signed() {
  const uint64_t value = Number();
  return static_cast<int64_t>((value >> 1) ^ ((value & 1) != 0 ? ~uint64_t{0} : 0));
}

std::string PackedReader::Bytes() {
  const size_t size = Count();
  std::string value(rest_.substr(0, size));
  rest_.remove_prefix(size);
  return value;
}

size_t PackedReader::Count() {
  const uint64_t count = Number();
  return count <= rest_.size() ? static_cast<size_t>(count) : static_cast<size_t>(Refuse());
}

}  // namespace rm
