#include "machine/win32/envoy.h"

#include <windows.h>

#include <algorithm>
#include <mutex>

#include "base/win32/handle.h"

namespace rm {
namespace {

constexpr DWORD kPatience = 10'000;  // ms
constexpr DWORD kPoll = 20;          // ms between two looks at the pipe
constexpr DWORD kBufferSize = 1 << 20;

std::wstring BesideThisLibrary() {
  HMODULE here = nullptr;
  ::GetModuleHandleExW(
      GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS | GET_MODULE_HANDLE_EX_FLAG_UNCHANGED_REFCOUNT,
      reinterpret_cast<LPCWSTR>(&AskEnvoy), &here);
  std::wstring path(32768, L'\0');
  path.resize(::GetModuleFileNameW(here, path.data(), static_cast<DWORD>(path.size())));
  return path.substr(0, path.find_last_of(L'\\') + 1) + L"rm-envoy.exe";
}

// What is there now. The end is not waited for: a program that the caller started at that moment
// may have inherited the other end of the pipe.
void ReadOn(HANDLE pipe, std::string& all) {
  char part[4096];
  DWORD there = 0, got = 0;
  while (::PeekNamedPipe(pipe, nullptr, 0, nullptr, &there, nullptr) && there > 0 &&
         ::ReadFile(pipe, part, std::min<DWORD>(there, sizeof part), &got, nullptr))
    all.append(part, got);
}

}  // namespace

std::optional<std::string> AskEnvoy(const std::wstring& arguments) {
  // One at a time: nobody else's envoy inherits the end of the pipe that is written to.
  static std::mutex mutex;
  std::unique_lock lock(mutex);
  SECURITY_ATTRIBUTES inherited{sizeof inherited, nullptr, TRUE};
  HANDLE read_end = nullptr, write_end = nullptr;
  // Room for what it says in most cases, so that it does not wait for us.
  if (!::CreatePipe(&read_end, &write_end, &inherited, kBufferSize)) return std::nullopt;
  const UniqueHandle reader(read_end);
  UniqueHandle writer(write_end);
  ::SetHandleInformation(read_end, HANDLE_FLAG_INHERIT, 0);
  STARTUPINFOW startup{};
  startup.cb = sizeof startup;
  startup.dwFlags = STARTF_USESTDHANDLES;
  startup.hStdOutput = write_end;
  PROCESS_INFORMATION process{};
  const std::wstring program = BesideThisLibrary();
  std::wstring line = L"\"" + program + L"\" " + arguments;
  const bool started = ::CreateProcessW(program.c_str(), line.data(), nullptr, nullptr, TRUE,
                                        DETACHED_PROCESS, nullptr, nullptr, &startup, &process);
  writer = UniqueHandle();
  lock.unlock();
  if (!started) return std::nullopt;
  const UniqueHandle thread(process.hThread);
  const UniqueHandle envoy(process.hProcess);
  std::string said;
  const ULONGLONG begin = ::GetTickCount64();
  for (bool ended = false; !ended;) {
    ended = ::WaitForSingleObject(envoy.get(), kPoll) == WAIT_OBJECT_0;
    ReadOn(reader.get(), said);
    if (ended || ::GetTickCount64() - begin < kPatience) continue;
    ::TerminateProcess(envoy.get(), 1);
    return std::nullopt;
  }
  DWORD status = 1;
  if (!::GetExitCodeProcess(envoy.get(), &status) || status != 0) return std::nullopt;
  return said;
}

}  // namespace rm
