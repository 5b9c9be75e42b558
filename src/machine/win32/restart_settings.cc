#include "machine/win32/restart_settings.h"

#include <windows.h>
// after windows.h
#include <fmt/format.h>

#include <vector>

#include "base/win32/wide.h"
#include "machine/win32/processes.h"

namespace rm {
namespace {

constexpr DWORD kMost = 1024;  // RESTART_MAX_CMD_LINE

std::optional<RestartRegistration> OwnNote(const ProcessId& process) {
  const std::wstring key = Wide(fmt::format(
      "Software\\Microsoft\\RestartManager\\Applications\\{:08x}:{:08x}:{:08x}",
      static_cast<uint32_t>(process.pid), static_cast<uint32_t>(process.start_ticks >> 32),
      static_cast<uint32_t>(process.start_ticks)));
  DWORD flags = 0, size = sizeof flags;
  if (::RegGetValueW(HKEY_CURRENT_USER, key.c_str(), L"Flags", RRF_RT_REG_DWORD, nullptr, &flags,
                     &size) != ERROR_SUCCESS)
    return std::nullopt;
  wchar_t text[kMost + 1] = L"";
  size = sizeof text;
  const LSTATUS read = ::RegGetValueW(HKEY_CURRENT_USER, key.c_str(), L"CommandLine", RRF_RT_REG_SZ,
                                      nullptr, text, &size);
  if (read == ERROR_FILE_NOT_FOUND)
    text[0] = L'\0';
  else if (read != ERROR_SUCCESS)  // longer than may be, or no text: it noted nothing
    return std::nullopt;
  return RestartRegistration{{Narrow(text)}, flags};
}

}  // namespace

RestartSettings RestartSettingsOf(const ProcessId& process) {
  using Get = HRESULT(WINAPI*)(HANDLE, PWSTR, PDWORD, PDWORD);
  const auto get = reinterpret_cast<Get>(reinterpret_cast<void*>(
      ::GetProcAddress(::GetModuleHandleW(L"kernel32.dll"), "GetApplicationRestartSettings")));
  RestartSettings settings;
  settings.registered = OwnNote(process);
  if (settings.registered) return settings;
  const UniqueHandle handle = OpenSame(process, PROCESS_VM_READ | PROCESS_QUERY_INFORMATION);
  if (!handle) return settings;
  std::vector<wchar_t> text(kMost + 1);
  DWORD size = kMost + 1, flags = 0;
  const HRESULT got = get ? get(handle.get(), text.data(), &size, &flags) : E_NOTIMPL;
  if (got == S_OK)
    settings.registered = RestartRegistration{{Narrow(text.data())}, flags};
  else
    settings.unknowable = got == E_NOTIMPL;
  return settings;
}

std::string ArgumentsOf(const std::string& command_line) {
  bool quoted = false;
  size_t at = 0;
  for (; at < command_line.size(); ++at) {
    const char c = command_line[at];
    if (c == '"') quoted = !quoted;
    if (!quoted && (c == ' ' || c == '\t')) break;
  }
  while (at < command_line.size() && (command_line[at] == ' ' || command_line[at] == '\t')) ++at;
  return command_line.substr(at);
}

}  // namespace rm
