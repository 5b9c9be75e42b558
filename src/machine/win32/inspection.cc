#include "machine/win32/inspection.h"

#include <psapi.h>
#include <winternl.h>
// after winternl.h
#include <fmt/format.h>
#include <fmt/xchar.h>

#include <algorithm>
#include <cstdint>

#include "base/blob.h"
#include "base/win32/system_error.h"
#include "base/win32/wide.h"
#include "machine/win32/envoy.h"
#include "machine/win32/processes.h"

namespace rm {
namespace {

constexpr std::string_view kMagic = "rm-inspection 1\n";
constexpr size_t kAtOnce = 500;  // a command line has 32767 characters

// Where the parameters of a process are, in a process of either size: offsets in PEB and
// RTL_USER_PROCESS_PARAMETERS.
struct Layout {
  size_t pointer;
  size_t parameters;  // in the PEB
  size_t console, directory, command_line;
};
constexpr Layout k64{8, 0x20, 0x10, 0x38, 0x70};
constexpr Layout k32{4, 0x10, 0x10, 0x24, 0x40};

class Memory {
 public:
  Memory(HANDLE process, const Layout& layout) : process_(process), layout_(layout) {}

  bool Read(uint64_t at, void* to, size_t size) const {
    SIZE_T got = 0;
    return ::ReadProcessMemory(process_, reinterpret_cast<const void*>(static_cast<uintptr_t>(at)),
                               to, size, &got) &&
           got == size;
  }
  uint64_t Pointer(uint64_t at) const {
    uint64_t value = 0;
    return Read(at, &value, layout_.pointer) ? value : 0;
  }
  // A UNICODE_STRING.
  std::string Text(uint64_t at) const {
    USHORT bytes = 0;
    if (!Read(at, &bytes, sizeof bytes) || bytes == 0) return "";
    std::wstring text(bytes / sizeof(wchar_t), L'\0');
    const uint64_t where = Pointer(at + layout_.pointer);
    if (!where || !Read(where, text.data(), text.size() * sizeof(wchar_t))) return "";
    return Narrow(text);
  }

 private:
  HANDLE process_;
  const Layout& layout_;
};

bool IsWow64(HANDLE process) {
  BOOL wow64 = FALSE;
  return ::IsWow64Process(process, &wow64) && wow64;
}

struct Peb {
  uint64_t at;
  const Layout& layout;
};

// A process of 32 bits has one of each size, if the system has 64. Wine 8.0 only says that it is
// one (1) where Windows has the address of the smaller.
Peb PebOf(HANDLE process) {
  constexpr ULONG_PTR kLowest = 0x10000;
  ULONG_PTR peb32 = 0;
  if (sizeof(void*) == 8 &&
      ::NtQueryInformationProcess(process, static_cast<PROCESSINFOCLASS>(26), &peb32, sizeof peb32,
                                  nullptr) >= 0 &&
      peb32 >= kLowest)
    return {peb32, k32};
  PROCESS_BASIC_INFORMATION basic{};
  (void)::NtQueryInformationProcess(process, ProcessBasicInformation, &basic, sizeof basic,
                                    nullptr);
  return {reinterpret_cast<uintptr_t>(basic.PebBaseAddress), sizeof(void*) == 8 ? k64 : k32};
}

// Programs of 32 bits name the libraries of SysWOW64 by the folder that they take it for.
std::string AsItIsCalled(const std::string& path) {
  wchar_t own[MAX_PATH], narrow[MAX_PATH];
  const UINT narrow_size = ::GetSystemWow64DirectoryW(narrow, MAX_PATH);
  const UINT own_size = ::GetSystemDirectoryW(own, MAX_PATH);
  const std::string before = Folded(Narrow({own, own_size})) + '\\';
  if (narrow_size == 0 || !Folded(path).starts_with(before)) return path;
  return Narrow({narrow, narrow_size}) + path.substr(before.size() - 1);
}

std::vector<std::string> ModulesOf(HANDLE process, bool wow64_target) {
  std::vector<HMODULE> modules(256);
  DWORD bytes = 0;
  for (;;) {
    const auto room = static_cast<DWORD>(modules.size() * sizeof(HMODULE));
    if (!::K32EnumProcessModulesEx(process, modules.data(), room, &bytes, LIST_MODULES_ALL))
      return {};
    const bool whole = bytes <= room;
    modules.resize(bytes / sizeof(HMODULE));
    if (whole) break;
  }
  std::vector<std::string> paths;
  for (HMODULE module : modules) {
    wchar_t path[4096];
    const DWORD size = ::K32GetModuleFileNameExW(process, module, path, std::size(path));
    if (size == 0) continue;
    // Some libraries of 64 bits are in every process.
    const bool narrow = wow64_target && reinterpret_cast<uintptr_t>(module) <= 0xFFFFFFFF;
    paths.push_back(narrow ? AsItIsCalled(Narrow({path, size})) : Narrow({path, size}));
  }
  return paths;
}

}  // namespace

template <class Blob, class Value>
requires std::same_as<std::remove_const_t<Value>, ProcessId>
void Fields(Blob& blob, Value& value) { blob(value.pid, value.start_ticks); }

template <class Blob, class Value>
requires std::same_as<std::remove_const_t<Value>, Inspection>
void Fields(Blob& blob, Value& value) {
  blob(value.modules, value.command_line, value.directory, value.has_console);
}

template <class Blob, class Value>
requires std::same_as<std::remove_const_t<Value>, Inspections>
void Fields(Blob& blob, Value& value) { blob(value.processes, value.seen); }

std::string ToText(const Inspections& inspections) {
  BlobWriter blob(kMagic);
  blob(inspections);
  return blob.bytes();
}

std::optional<Inspections> ToInspections(const std::string& text) {
  Inspections inspections;
  BlobReader reader(text, kMagic);
  reader(inspections);
  if (!reader.complete() || inspections.seen.size() != inspections.processes.size())
    return std::nullopt;
  return inspections;
}

std::optional<Inspection> InspectHere(const ProcessId& id) {
  const UniqueHandle process = OpenSame(id, PROCESS_QUERY_INFORMATION | PROCESS_VM_READ);
  if (!process) return std::nullopt;
  const auto [peb, layout] = PebOf(process.get());
  const Memory memory(process.get(), layout);
  const uint64_t parameters = peb ? memory.Pointer(peb + layout.parameters) : 0;
  Inspection seen;
  seen.modules = ModulesOf(process.get(), IsWow64(process.get()));
  if (parameters == 0) return seen;
  seen.has_console = memory.Pointer(parameters + layout.console) != 0;
  seen.directory = memory.Text(parameters + layout.directory);
  seen.command_line = memory.Text(parameters + layout.command_line);
  return seen;
}

std::map<ProcessId, Inspection> InspectAll(const std::vector<ProcessId>& processes) {
  std::map<ProcessId, Inspection> seen;
  std::vector<ProcessId> wider;
  const bool narrow = IsWow64(::GetCurrentProcess());
  for (const ProcessId& id : processes) {
    const UniqueHandle process = OpenSame(id, 0);
    if (!process) continue;
    if (narrow && !IsWow64(process.get())) {
      wider.push_back(id);
    } else if (auto inspection = InspectHere(id)) {
      seen.emplace(id, std::move(*inspection));
    }
  }
  for (size_t first = 0; first < wider.size(); first += kAtOnce) {
    std::wstring arguments = L"inspect";
    for (size_t i = first; i < std::min(first + kAtOnce, wider.size()); ++i)
      arguments += fmt::format(L" {} {}", wider[i].pid, wider[i].start_ticks);
    const auto said = AskEnvoy(arguments);
    auto inspections = said ? ToInspections(*said) : std::nullopt;
    if (!inspections) continue;
    for (size_t i = 0; i < inspections->processes.size(); ++i)
      seen.emplace(inspections->processes[i], std::move(inspections->seen[i]));
  }
  return seen;
}

std::string InterruptHere(DWORD pid) {
  ::FreeConsole();
  if (!::AttachConsole(pid)) return "its console cannot be attached to: " + LastSystemError();
  ::SetConsoleCtrlHandler(nullptr, TRUE);
  const bool sent = ::GenerateConsoleCtrlEvent(CTRL_C_EVENT, 0);
  const std::string trouble = sent ? "" : "CTRL_C could not be sent: " + LastSystemError();
  ::FreeConsole();
  return trouble;
}

std::string Interrupt(DWORD pid) {
  const auto said = AskEnvoy(fmt::format(L"interrupt {}", pid));
  if (said) return *said;
  return "rm-envoy.exe, which would send CTRL_C, is not beside Rstrtmgr.dll";
}

}  // namespace rm
