#include "apps/plain_word.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace rm {
namespace {

constexpr std::string_view kPrefix = "hex:";

bool IsPlain(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '/' ||
         c == '.' || c == '_' || c == '-';
}

}  // namespace

std::string ToPlainWord(const std::string& path) {
  if (std::ranges::all_of(path, IsPlain)) return path;
  std::string word(kPrefix);
  for (const unsigned char c : path) word += fmt::format("{:02x}", c);
  return word;
}

std::string FromPlainWord(const std::string& word) {
  if (!word.starts_with(kPrefix) || word.size() % 2 != 0) return word;
  std::string path;
  for (size_t at = kPrefix.size(); at < word.size(); at += 2) {
    unsigned char c = 0;
    const char* const end = word.data() + at + 2;
    if (const auto read = std::from_chars(word.data() + at, end, c, 16);
        read.ec != std::errc() || read.ptr != end)
      return word;
    path += static_cast<char>(c);
  }
  return path;
}

}  // namespace rm
