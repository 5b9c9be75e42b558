#include "base/win32/system_error.h"

#include <fmt/format.h>
#include <windows.h>

#include "base/win32/wide.h"

namespace rm {

std::string LastSystemError() {
  const DWORD code = ::GetLastError();
  wchar_t text[256];
  DWORD size = ::FormatMessageW(FORMAT_MESSAGE_FROM_SYSTEM | FORMAT_MESSAGE_IGNORE_INSERTS, nullptr,
                                code, 0, text, static_cast<DWORD>(std::size(text)), nullptr);
  while (size > 0 && text[size - 1] <= L' ') --size;
  return fmt::format("{} (error {})", Narrow({text, size}), code);
}

}  // namespace rm
