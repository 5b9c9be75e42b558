// Are these bytes as they were written? Tells damage; who may write them can write this as well.
#pragma once

#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>

namespace rm {

// Never the same of two texts that differ in one byte.
inline uint64_t Checksum(std::string_view bytes) {
  uint64_t sum = bytes.size();
  while (!bytes.empty()) {
    const std::string_view some = bytes.substr(0, sizeof(uint64_t));
    uint64_t word = 0;
    std::memcpy(&word, some.data(), some.size());
    sum = (sum ^ word) * 0x9e3779b97f4a7c15;  // odd, so that nothing is lost
    sum ^= sum >> 32;
    bytes.remove_prefix(some.size());
  }
  return sum;
}

// Puts the checksum of all behind it.
inline std::string Seal(std::string bytes) {
  const uint64_t sum = Checksum(bytes);
  bytes.append(reinterpret_cast<const char*>(&sum), sizeof sum);
  return bytes;
}

// What was sealed. None: something else, or it is damaged.
inline std::optional<std::string_view> Unseal(std::string_view sealed) {
  uint64_t sum = 0;
  if (sealed.size() < sizeof sum) return std::nullopt;
  const std::string_view bytes = sealed.substr(0, sealed.size() - sizeof sum);
  std::memcpy(&sum, sealed.data() + bytes.size(), sizeof sum);
  if (sum != Checksum(bytes)) return std::nullopt;
  return bytes;
}

}  // namespace rm
