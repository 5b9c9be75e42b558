#include "abi/convert.h"

#include <unistd.h>

#include <algorithm>
#include <limits>

#include "base/text.h"
#include "base/win32_codes.h"

namespace rm {
namespace {

constexpr uint64_t kUnixEpoch = 116'444'736'000'000'000;  // 1970 in 100 ns units since 1601
constexpr uint64_t kNeverStarted = std::numeric_limits<uint64_t>::max();

int64_t TicksPerSecond() {
  static const int64_t ticks = sysconf(_SC_CLK_TCK);
  return ticks;
}

uint64_t StartOf(uint64_t ticks, int64_t boot_us) {
  return kUnixEpoch + 10 * (static_cast<uint64_t>(boot_us) + ticks * 1'000'000 / TicksPerSecond());
}

FILETIME Split(uint64_t time) {
  return FILETIME{static_cast<DWORD>(time), static_cast<DWORD>(time >> 32)};
}

}  // namespace

RM_UNIQUE_PROCESS ToUnique(const ProcessId& process, int64_t boot_us) {
  return RM_UNIQUE_PROCESS{static_cast<DWORD>(process.pid),
                           Split(StartOf(process.start_ticks, boot_us))};
}

ProcessId ToProcess(const RM_UNIQUE_PROCESS& process, int64_t boot_us) {
  const uint64_t time = static_cast<uint64_t>(process.ProcessStartTime.dwHighDateTime) << 32 |
                        process.ProcessStartTime.dwLowDateTime;
  const ProcessId nobody{static_cast<pid_t>(process.dwProcessId), kNeverStarted};
  const uint64_t boot = StartOf(0, boot_us);
  if (time < boot) return nobody;
  const uint64_t unit = 10'000'000 / TicksPerSecond();
  const uint64_t ticks = (time - boot + unit / 2) / unit;
  if (StartOf(ticks, boot_us) != time) return nobody;
  return ProcessId{static_cast<pid_t>(process.dwProcessId), ticks};
}

FILETIME ToFileTime(int64_t unix_us) {
  return Split(kUnixEpoch + 10 * static_cast<uint64_t>(unix_us));
}

Result<std::string> ToUtf8(LPCWSTR text, const char* what) {
  if (!text) return Fail(kBadArguments, "{} is NULL", what);
  auto bytes = Utf16ToUtf8(std::u16string_view(text));
  if (!bytes) return Fail(kBadArguments, "{} is no valid UTF-16 text", what);
  return std::move(*bytes);
}

void CopyText(const std::string& utf8, WCHAR* out, size_t capacity) {
  std::u16string text = Utf8ToUtf16(utf8);
  if (text.size() >= capacity) {
    text.resize(capacity - 1);
    if (text.back() >= 0xD800 && text.back() <= 0xDBFF) text.pop_back();
  }
  std::copy(text.begin(), text.end(), out);
  out[text.size()] = 0;
}

RM_PROCESS_INFO ToInfo(const App& app, int64_t boot_us) {
  RM_PROCESS_INFO info{};
  info.Process = ToUnique(app.main, boot_us);
  CopyText(app.name, info.strAppName, CCH_RM_MAX_APP_NAME + 1);
  if (app.is_service()) {
    const std::string& unit = app.unit->name;
    CopyText(unit.substr(0, unit.size() - std::string_view(".service").size()),
             info.strServiceShortName, CCH_RM_MAX_SVC_NAME + 1);
  }
  info.ApplicationType = static_cast<RM_APP_TYPE>(app.type);
  info.AppStatus = app.status;
  info.TSSessionId = app.login_session;
  info.bRestartable = app.come_back != ComeBack::kNot;
  return info;
}

}  // namespace rm
