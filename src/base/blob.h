// How do values become bytes that are stored and read back? Numbers as 8 little-endian bytes, texts
// and lists behind their length, no names and no types.
//
// A struct takes part through one function that names its fields, for both directions:
//   template <class Blob> void Fields(Blob& blob, auto& value) { blob(value.pid, value.name); }
#pragma once

#include <array>
#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace rm {

class BlobWriter {
 public:
  explicit BlobWriter(std::string_view magic) : bytes_(magic) {}

  template <class... T>
  void operator()(const T&... values) {
    (Put(values), ...);
  }
  const std::string& bytes() const { return bytes_; }

 private:
  void Put(std::integral auto number) {
    for (int shift = 0; shift < 64; shift += 8)
      bytes_ += static_cast<char>(static_cast<uint64_t>(number) >> shift);
  }
  void Put(const std::string& text) {
    Put(text.size());
    bytes_ += text;
  }
  template <class T>
  void Put(const std::vector<T>& list) {
    Put(list.size());
    for (const T& item : list) Put(item);
  }
  template <class T, size_t n>
  void Put(const std::array<T, n>& list) {
    for (const T& item : list) Put(item);
  }
  template <class T>
  requires std::is_class_v<T>
  void Put(const T& value) { Fields(*this, value); }

  std::string bytes_;
};

// Reads what nobody vouches for: never past the end, never more memory than a few times the blob.
// After the first thing that is missing or out of range every value is left as it is.
class BlobReader {
 public:
  BlobReader(std::string_view blob, std::string_view magic)
      : rest_(blob), good_(blob.starts_with(magic)) {
    if (good_) rest_.remove_prefix(magic.size());
  }

  template <class... T>
  void operator()(T&... values) {
    (Get(values), ...);
  }
  // Everything was there and in range, and nothing is left over.
  bool complete() const { return good_ && rest_.empty(); }

 private:
  template <std::integral T>
  void Get(T& number) {
    uint64_t raw = 0;
    if (!(good_ = good_ && rest_.size() >= 8)) return;
    for (int i = 0; i < 8; ++i)
      raw |= static_cast<uint64_t>(static_cast<unsigned char>(rest_[i])) << (8 * i);
    rest_.remove_prefix(8);
    if ((good_ = static_cast<uint64_t>(static_cast<T>(raw)) == raw)) number = static_cast<T>(raw);
  }
  void Get(std::string& text) {
    size_t size = 0;
    Get(size);
    if (!(good_ = good_ && size <= rest_.size())) return;
    text = rest_.substr(0, size);
    rest_.remove_prefix(size);
  }
  template <class T>
  void Get(std::vector<T>& list) {
    size_t size = 0;
    Get(size);
    good_ = good_ && size <= rest_.size() / 8;  // no item is shorter than a number
    for (; good_ && size > 0; --size) Get(list.emplace_back());
  }
  template <class T, size_t n>
  void Get(std::array<T, n>& list) {
    for (T& item : list) Get(item);
  }
  template <class T>
  requires std::is_class_v<T>
  void Get(T& value) { Fields(*this, value); }

  std::string_view rest_;
  bool good_;
};

}  // namespace rm
