#include <fcntl.h>
#include <pthread.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "appside/command_line.h"
#include "appside/exported.h"
#include "appside/kept.h"
#include "base/registration.h"
#include "base/start_ticks.h"
#include "base/text.h"
#include "base/win32_codes.h"

namespace rm {
namespace {

std::mutex kept_mutex;
Kept kept;  // the descriptor that holds the registration

// A child must not inherit the mutex from a thread that it does not have.
[[maybe_unused]] const int kAtFork = pthread_atfork(
    [] { kept_mutex.lock(); }, [] { kept_mutex.unlock(); }, [] { kept_mutex.unlock(); });

// Replaces in one act: who looks meanwhile sees the one registration or the other.
HRESULT Keep(UniqueFd memfd) {
  if (!memfd) return E_FAIL;
  const std::lock_guard lock(kept_mutex);
  if (kept.still_ours()) {
    if (dup3(memfd.get(), kept.fd, O_CLOEXEC) < 0) return E_FAIL;
    kept = Kept::Of(kept.fd);
  } else {
    // Not one of the standard streams, in a program that has closed them.
    kept = Kept::Of(fcntl(memfd.get(), F_DUPFD_CLOEXEC, 3));
  }
  return kept.fd >= 0 ? S_OK : E_FAIL;
}

HRESULT Register(std::string command_line, std::vector<std::string> arguments, DWORD flags) {
  const UniqueFd self = OpenProcessDirectory(getpid());
  const auto start_ticks = self ? ReadStartTicks(self.get()) : std::nullopt;
  if (!start_ticks) return E_FAIL;
  return Keep(SealRegistration(EncodeRegistration(
      {getpid(), *start_ticks, flags, std::move(command_line), std::move(arguments)})));
}

HRESULT RegisterText(std::u16string_view text, DWORD flags) {
  if (text.size() >= RESTART_MAX_CMD_LINE) return E_INVALIDARG;
  const auto command_line = Utf16ToUtf8(text);
  if (!command_line) return E_INVALIDARG;
  std::vector<std::string> arguments;
  for (const std::u16string& argument : SplitCommandLine(text)) {
    auto bytes = Utf16ToUtf8(argument);
    if (!bytes) return E_INVALIDARG;
    arguments.push_back(std::move(*bytes));
  }
  return Register(*command_line, std::move(arguments), flags);
}

HRESULT RegisterArguments(const char* const* argv, DWORD flags) {
  std::vector<std::string> arguments;
  std::vector<std::u16string> texts;
  size_t bytes = 0;
  for (; argv && *argv; ++argv) {
    bytes += strlen(*argv) + 1;
    if (bytes > RMX_RESTART_MAX_ARGV_BYTES) return E_INVALIDARG;
    arguments.emplace_back(*argv);
    texts.push_back(Utf8ToUtf16(*argv));
  }
  const auto command_line = Utf16ToUtf8(JoinCommandLine(texts));
  if (!command_line) return E_INVALIDARG;
  return Register(*command_line, std::move(arguments), flags);
}

HRESULT Settings(pid_t pid, PWSTR buffer, DWORD& size, PDWORD flags) {
  if (!buffer && size != 0) return E_INVALIDARG;
  if (pid <= 0 || !OpenProcessDirectory(pid)) return E_HANDLE;
  const auto read = ReadRegistration(pid);
  if (!read) return read.error().code == kAccessDenied ? E_ACCESSDENIED : E_FAIL;
  if (!*read) return RESTART_E_NOT_REGISTERED;
  const std::u16string text = Utf8ToUtf16((*read)->command_line);
  const DWORD needed = static_cast<DWORD>(text.size() + 1);
  const DWORD capacity = std::exchange(size, needed);
  if (buffer && capacity < needed) return RESTART_E_BUFFER_TOO_SMALL;
  if (buffer) std::copy_n(text.c_str(), needed, buffer);
  if (flags) *flags = (*read)->flags;
  return S_OK;
}

}  // namespace
}  // namespace rm

HRESULT RegisterApplicationRestart(PCWSTR pwzCommandline, DWORD dwFlags) {
  return rm::Guarded([&] {
    // No further than the limit, in case there is no NUL.
    size_t size = 0;
    while (pwzCommandline && size < RESTART_MAX_CMD_LINE && pwzCommandline[size] != u'\0') ++size;
    return rm::RegisterText(
        pwzCommandline ? std::u16string_view(pwzCommandline, size) : std::u16string_view(),
        dwFlags);
  });
}

HRESULT RmxRegisterApplicationRestartArgv(const char* const argv[], DWORD dwFlags) {
  return rm::Guarded([&] { return rm::RegisterArguments(argv, dwFlags); });
}

HRESULT UnregisterApplicationRestart(void) {
  const std::lock_guard lock(rm::kept_mutex);
  rm::kept.Close();
  return S_OK;
}

HRESULT GetApplicationRestartSettings(HANDLE hProcess, PWSTR pwzCommandline, PDWORD pcchSize,
                                      PDWORD pdwFlags) {
  if (!pcchSize) return E_INVALIDARG;
  return rm::Guarded([&] {
    const auto number = reinterpret_cast<intptr_t>(hProcess);
    const pid_t pid = hProcess == RM_CURRENT_PROCESS ? getpid() : static_cast<pid_t>(number);
    return pid == number || hProcess == RM_CURRENT_PROCESS
               ? rm::Settings(pid, pwzCommandline, *pcchSize, pdwFlags)
               : E_HANDLE;
  });
}
