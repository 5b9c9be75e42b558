// How are names handed to Windows? As UTF-16 in wchar_t; inside they are UTF-8.
#pragma once

#include <string>
#include <string_view>

namespace rm {

std::wstring Wide(std::string_view utf8);
// Lone surrogates, which no name should have, become U+FFFD.
std::string Narrow(std::wstring_view text);
// With small letters, as two names of one thing are compared.
std::string Folded(std::string_view utf8);

}  // namespace rm
