#include "base/text.h"

#include <utf8.h>

namespace rm {
namespace {

constexpr char16_t kEscapeFirst = 0xDC80;
constexpr char16_t kEscapeLast = 0xDCFF;

bool IsHigh(char16_t c) { return c >= 0xD800 && c <= 0xDBFF; }
bool IsLow(char16_t c) { return c >= 0xDC00 && c <= 0xDFFF; }

}  // namespace

std::u16string Utf8ToUtf16(std::string_view bytes) {
  std::u16string text;
  text.reserve(bytes.size());
  const char* at = bytes.data();
  const char* end = at + bytes.size();
  while (at != end) {
    const char* bad = utf8::find_invalid(at, end);
    utf8::unchecked::utf8to16(at, bad, std::back_inserter(text));
    if (bad == end) break;
    text.push_back(static_cast<char16_t>(0xDC00 + static_cast<unsigned char>(*bad)));
    at = bad + 1;
  }
  return text;
}

std::optional<std::string> Utf16ToUtf8(std::u16string_view text) {
  std::string bytes;
  bytes.reserve(text.size());
  bool escaped = false;
  for (size_t i = 0; i < text.size(); ++i) {
    const char16_t c = text[i];
    if (IsHigh(c) && i + 1 < text.size() && IsLow(text[i + 1])) {
      const char32_t point = 0x10000 + ((c - 0xD800u) << 10) + (text[++i] - 0xDC00u);
      utf8::unchecked::append(point, std::back_inserter(bytes));
    } else if (c >= kEscapeFirst && c <= kEscapeLast) {
      bytes.push_back(static_cast<char>(c - 0xDC00));
      escaped = true;
    } else if (IsHigh(c) || IsLow(c)) {
      return std::nullopt;
    } else {
      utf8::unchecked::append(char32_t{c}, std::back_inserter(bytes));
    }
  }
  if (escaped && Utf8ToUtf16(bytes) != text) return std::nullopt;
  return bytes;
}

std::string ReplaceInvalidUtf8(std::string_view bytes) {
  std::string text;
  utf8::replace_invalid(bytes.begin(), bytes.end(), std::back_inserter(text));
  return text;
}

std::string OneLine(std::string_view text) {
  std::string line(text);
  for (char& c : line)
    if (static_cast<unsigned char>(c) < ' ' || c == 0x7f) c = ' ';
  return line;
}

}  // namespace rm
