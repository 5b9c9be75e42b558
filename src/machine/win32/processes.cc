#include "machine/win32/processes.h"

#include <winternl.h>
// after winternl.h
#include <fmt/format.h>

#include <cstdint>
#include <cwchar>

#include "base/win32/wide.h"
#include "machine/machine_win32.h"

namespace rm {
namespace {

// SYSTEM_PROCESS_INFORMATION as it really is; winternl.h names only a part of it.
struct ProcessEntry {
  ULONG next;
  ULONG threads;
  LARGE_INTEGER reserved[3];
  LARGE_INTEGER created;
  LARGE_INTEGER times[2];
  UNICODE_STRING name;
  LONG priority;
  HANDLE pid;
  HANDLE parent;
  ULONG handles;
  ULONG session;
};

uint64_t StartOf(HANDLE process) {
  FILETIME start{}, others[3];
  if (!::GetProcessTimes(process, &start, &others[0], &others[1], &others[2])) return 0;
  return static_cast<uint64_t>(start.dwHighDateTime) << 32 | start.dwLowDateTime;
}

std::string FileName(const std::string& path) { return path.substr(path.find_last_of("\\/") + 1); }

}  // namespace

std::map<DWORD, ListedProcess> ListProcesses() {
  std::vector<char> buffer(1 << 16);
  ULONG size = 0;
  NTSTATUS status = 0;
  while ((status = ::NtQuerySystemInformation(SystemProcessInformation, buffer.data(),
                                              static_cast<ULONG>(buffer.size()), &size)) ==
         static_cast<NTSTATUS>(0xC0000004))  // STATUS_INFO_LENGTH_MISMATCH
    buffer.resize(buffer.size() * 2);
  std::map<DWORD, ListedProcess> processes;
  if (status < 0) return processes;
  for (const char* at = buffer.data();;) {
    const auto* entry = reinterpret_cast<const ProcessEntry*>(at);
    const auto pid = static_cast<DWORD>(reinterpret_cast<uintptr_t>(entry->pid));
    ListedProcess process;
    process.id = {static_cast<pid_t>(pid), static_cast<uint64_t>(entry->created.QuadPart)};
    process.parent = static_cast<DWORD>(reinterpret_cast<uintptr_t>(entry->parent));
    process.session = entry->session;
    if (entry->name.Buffer)
      process.name = FileName(Narrow({entry->name.Buffer, entry->name.Length / sizeof(wchar_t)}));
    if (pid != 0) processes.emplace(pid, std::move(process));
    if (entry->next == 0) break;
    at += entry->next;
  }
  return processes;
}

UniqueHandle OpenSame(const ProcessId& process, DWORD rights) {
  UniqueHandle handle(::OpenProcess(rights | PROCESS_QUERY_LIMITED_INFORMATION | SYNCHRONIZE, FALSE,
                                    static_cast<DWORD>(process.pid)));
  if (!handle) return {};
  if (StartOf(handle.get()) != process.start_ticks ||
      ::WaitForSingleObject(handle.get(), 0) == WAIT_OBJECT_0) {
    ::SetLastError(ERROR_INVALID_PARAMETER);
    return {};
  }
  return handle;
}

std::optional<ProcessId> IdentifyByPid(DWORD pid) {
  UniqueHandle handle(::OpenProcess(PROCESS_QUERY_LIMITED_INFORMATION, FALSE, pid));
  if (handle) return ProcessId{static_cast<pid_t>(pid), StartOf(handle.get())};
  if (::GetLastError() != ERROR_ACCESS_DENIED) return std::nullopt;
  const auto all = ListProcesses();
  const auto found = all.find(pid);
  if (found == all.end()) return std::nullopt;
  return found->second.id;
}

bool IsProcessAlive(const ProcessId& process) {
  if (OpenSame(process, 0)) return true;
  if (::GetLastError() != ERROR_ACCESS_DENIED) return false;
  const auto found = IdentifyByPid(static_cast<DWORD>(process.pid));
  return found && *found == process;
}

std::string ImagePath(const ProcessId& process) {
  const UniqueHandle handle = OpenSame(process, 0);
  if (!handle) return "";
  std::wstring path(32768, L'\0');
  auto size = static_cast<DWORD>(path.size());
  if (!::QueryFullProcessImageNameW(handle.get(), 0, path.data(), &size)) return "";
  return Narrow({path.data(), size});
}

std::string FoldedPath(const std::string& path) {
  const UniqueHandle file(
      ::CreateFileW(Wide(path).c_str(), 0, FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE,
                    nullptr, OPEN_EXISTING, FILE_FLAG_BACKUP_SEMANTICS, nullptr));
  std::wstring text(32768, L'\0');
  DWORD size = 0;
  if (file)
    size = ::GetFinalPathNameByHandleW(file.get(), text.data(), static_cast<DWORD>(text.size()), 0);
  if (size == 0)
    size = ::GetFullPathNameW(Wide(path).c_str(), static_cast<DWORD>(text.size()), text.data(),
                              nullptr);
  if (size == 0 || size >= text.size()) return Folded(path);
  std::string full = Folded(Narrow({text.data(), size}));
  if (full.starts_with("\\\\?\\unc\\")) return "\\\\" + full.substr(8);
  return full.starts_with("\\\\?\\") ? full.substr(4) : full;
}

std::string FriendlyName(const std::string& path) {
  const std::wstring file = Wide(path);
  DWORD ignored = 0;
  std::vector<char> info(::GetFileVersionInfoSizeW(file.c_str(), &ignored));
  if (info.empty() ||
      !::GetFileVersionInfoW(file.c_str(), 0, static_cast<DWORD>(info.size()), info.data()))
    return FileName(path);
  struct Translation {
    WORD language, codepage;
  };
  void* found = nullptr;
  UINT size = 0;
  Translation translation{0x0409, 1200};
  if (::VerQueryValueW(info.data(), L"\\VarFileInfo\\Translation", &found, &size) &&
      size >= sizeof translation)
    translation = *static_cast<Translation*>(found);
  const std::wstring key = Wide(fmt::format("\\StringFileInfo\\{:04x}{:04x}\\FileDescription",
                                            translation.language, translation.codepage));
  if (!::VerQueryValueW(info.data(), key.c_str(), &found, &size) || size < 2) return FileName(path);
  const auto* text = static_cast<const wchar_t*>(found);
  return Narrow({text, ::wcsnlen(text, size)});  // nothing says that it ends with a NUL
}

bool IsConsoleProgram(const std::string& path) {
  const UniqueHandle file(::CreateFileW(Wide(path).c_str(), GENERIC_READ,
                                        FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE,
                                        nullptr, OPEN_EXISTING, 0, nullptr));
  const auto read = [&](DWORD at, void* to, DWORD size) {
    DWORD got = 0;
    return ::SetFilePointer(file.get(), static_cast<LONG>(at), nullptr, FILE_BEGIN) == at &&
           ::ReadFile(file.get(), to, size, &got, nullptr) && got == size;
  };
  IMAGE_DOS_HEADER dos{};
  IMAGE_NT_HEADERS32 headers{};  // the subsystem is at the same place in those of 64 bits
  return file && read(0, &dos, sizeof dos) && dos.e_magic == IMAGE_DOS_SIGNATURE &&
         read(static_cast<DWORD>(dos.e_lfanew), &headers, sizeof headers) &&
         headers.Signature == IMAGE_NT_SIGNATURE &&
         headers.OptionalHeader.Subsystem == IMAGE_SUBSYSTEM_WINDOWS_CUI;
}

}  // namespace rm
