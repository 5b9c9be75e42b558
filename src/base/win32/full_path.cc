#include "base/full_path.h"

#include <windows.h>

#include "base/win32/wide.h"

namespace rm {
namespace {

std::string Spelled(std::string_view path) {
  std::wstring full(32768, L'\0');
  const DWORD size =
      ::GetFullPathNameW(Wide(path).c_str(), static_cast<DWORD>(full.size()), full.data(), nullptr);
  if (size == 0 || size >= full.size()) return Folded(path);
  return Folded(Narrow({full.data(), size}));
}

}  // namespace

// Windows takes any path that could be one (contract of RmRegisterResources), and so do we: "\x"
// and "x" mean what they mean to the caller at that moment.
bool IsFullPath(std::string_view path) { return !path.empty(); }

bool SamePath(std::string_view a, std::string_view b) { return Spelled(a) == Spelled(b); }

}  // namespace rm
