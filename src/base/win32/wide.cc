#include "base/win32/wide.h"

#include <windows.h>

#include "base/text.h"

namespace rm {

std::wstring Wide(std::string_view utf8) {
  const std::u16string text = Utf8ToUtf16(utf8);
  return std::wstring(text.begin(), text.end());
}

std::string Narrow(std::wstring_view text) {
  if (auto bytes = Utf16ToUtf8(std::u16string(text.begin(), text.end()))) return std::move(*bytes);
  std::string bytes(text.size() * 3, '\0');
  const int size =
      ::WideCharToMultiByte(CP_UTF8, 0, text.data(), static_cast<int>(text.size()), bytes.data(),
                            static_cast<int>(bytes.size()), nullptr, nullptr);
  bytes.resize(static_cast<size_t>(size));
  return bytes;
}

std::string Folded(std::string_view utf8) {
  std::wstring text = Wide(utf8);
  if (!text.empty()) ::CharLowerBuffW(text.data(), static_cast<DWORD>(text.size()));
  return Narrow(text);
}

}  // namespace rm
