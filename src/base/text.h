// How do names cross the C ABI? As UTF-16 outside and UTF-8 inside. And how are they told to
// others?
//
// A Linux name is bytes. Bytes that are not UTF-8 become the lone surrogates U+DC80..U+DCFF, one a
// byte (the "surrogateescape" of Python's PEP 383), and turn back into the same bytes.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace rm {

std::u16string Utf8ToUtf16(std::string_view bytes);

// None when the text holds a lone surrogate that stands for no byte, or an escape that would spell
// valid UTF-8 (two spellings of one name).
std::optional<std::string> Utf16ToUtf8(std::u16string_view text);

// What is not UTF-8 becomes U+FFFD.
std::string ReplaceInvalidUtf8(std::string_view bytes);

// Without control characters: what anybody has named may read as further lines, which whoever reads
// lines would take for ours.
std::string OneLine(std::string_view text);

}  // namespace rm
