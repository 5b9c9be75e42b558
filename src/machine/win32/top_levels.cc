#include "machine/win32/top_levels.h"

#include <algorithm>
#include <array>
#include <cwchar>
#include <string_view>

namespace rm {
namespace {

// Windows makes one of these for each thread that has windows.
constexpr std::array<std::wstring_view, 3> kInputMethods = {L"IME", L"MSCTFIME UI",
                                                            L"tooltips_class32"};

struct Search {
  const std::set<DWORD>& pids;
  std::map<DWORD, std::vector<HWND>> found;
};

BOOL CALLBACK Look(HWND window, LPARAM parameter) {
  auto& search = *reinterpret_cast<Search*>(parameter);
  DWORD pid = 0;
  ::GetWindowThreadProcessId(window, &pid);
  if (!search.pids.contains(pid)) return TRUE;
  wchar_t name[64] = L"";
  ::GetClassNameW(window, name, static_cast<int>(std::size(name)));
  if (std::find(kInputMethods.begin(), kInputMethods.end(), name) == kInputMethods.end())
    search.found[pid].push_back(window);
  return TRUE;
}

}  // namespace

std::map<DWORD, std::vector<HWND>> TopLevelsOf(const std::set<DWORD>& pids) {
  Search search{pids, {}};
  if (!pids.empty()) ::EnumWindows(Look, reinterpret_cast<LPARAM>(&search));
  return std::move(search.found);
}

bool IsMainWindow(HWND window) {
  return ::IsWindowVisible(window) && !::GetWindow(window, GW_OWNER);
}

DWORD ShellProcess() {
  DWORD pid = 0;
  if (const HWND shell = ::GetShellWindow()) ::GetWindowThreadProcessId(shell, &pid);
  return pid;
}

}  // namespace rm
