#include "journal/socket.h"

#include <windows.h>

#include <string>
#include <vector>

namespace rm {
namespace {

// What Windows' own events come from; the event viewer names a source that is not registered, too.
constexpr wchar_t kSource[] = L"Microsoft-Windows-RestartManager";

std::wstring Wide(const std::string& text) {
  const int size =
      MultiByteToWideChar(CP_UTF8, 0, text.data(), static_cast<int>(text.size()), nullptr, 0);
  std::wstring wide(static_cast<size_t>(size), L'\0');
  MultiByteToWideChar(CP_UTF8, 0, text.data(), static_cast<int>(text.size()), wide.data(), size);
  return wide;
}

WORD LevelOf(JournalEvent event) {
  switch (event) {
    case JournalEvent::kStopFailed:
    case JournalEvent::kRestartFailed:
    case JournalEvent::kInternalError:
      return EVENTLOG_ERROR_TYPE;
    case JournalEvent::kCannotComeBack:
    case JournalEvent::kOwnerDied:
      return EVENTLOG_WARNING_TYPE;
    default:
      return EVENTLOG_INFORMATION_TYPE;
  }
}

// The insertion strings are NAME=value; what only journald understands is left out.
void Report(const JournalRecord& record) noexcept {
  try {
    std::vector<std::wstring> texts;
    for (const JournalField& field : record.fields) {
      if (field.name == "PRIORITY" || field.name == "MESSAGE_ID") continue;
      texts.push_back(Wide(field.name + "=" + field.value));
    }
    std::vector<const wchar_t*> strings;
    for (const std::wstring& text : texts) strings.push_back(text.c_str());
    HANDLE log = RegisterEventSourceW(nullptr, kSource);
    if (!log) return;
    ReportEventW(log, LevelOf(record.event), 0, static_cast<DWORD>(record.event), nullptr,
                 static_cast<WORD>(strings.size()), 0, strings.data(), nullptr);
    DeregisterEventSource(log);
  } catch (const std::exception&) {
  }
}

}  // namespace

JournalSink ToJournal(std::string) { return Report; }

}  // namespace rm
