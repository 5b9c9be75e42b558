#include "journal/socket.h"

#include <windows.h>

#include <string>
#include <string_view>
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
    case JournalEvent::kGivenUp:
      return EVENTLOG_WARNING_TYPE;
    default:
      return EVENTLOG_INFORMATION_TYPE;
  }
}

bool IsList(std::string_view name) {
  return name == "RM_FILES" || name == "RM_REG_PROCS" || name == "RM_REG_SERVICES" ||
         name == "RM_APPLICATIONS" || name == "RM_FILE";
}

using Names = std::vector<std::string_view>;

// The fields of an event in the order in which Windows' texts name them (%1, %2, ...), which is
// that of contract.md 16. What else a record has, journald alone understands.
Names InsertsOf(JournalEvent event) {
  switch (event) {
    case JournalEvent::kSessionBegins:
    case JournalEvent::kSessionEnds:
      return {"RM_SESSION_ID", "RM_UTC_START_TIME"};
    case JournalEvent::kRegistered:
      return {"RM_SESSION_ID", "RM_N_FILES",   "RM_N_REG_PROCS", "RM_N_REG_SERVICES",
              "RM_FILES",      "RM_REG_PROCS", "RM_REG_SERVICES"};
    case JournalEvent::kRebootNeeded:
      return {"RM_SESSION_ID", "RM_N_APPLICATIONS", "RM_APPLICATIONS", "RM_REBOOT_REASONS"};
    case JournalEvent::kInternalError:
      return {"RM_SESSION_ID", "RM_CB_SIZE", "RM_PB_BINARY"};
    case JournalEvent::kCannotComeBack:
      return {"RM_SESSION_ID",    "RM_PID",         "RM_FULL_PATH",
              "RM_DISPLAY_NAME",  "RM_APP_VERSION", "RM_APP_TYPE",
              "RM_TS_SESSION_ID", "RM_STATUS",      "RM_REASON"};
    case JournalEvent::kOwnerDied:  // not on Windows
      return {"RM_SESSION", "RM_PID"};
    default:
      return {"RM_SESSION_ID", "RM_FULL_PATH",     "RM_DISPLAY_NAME", "RM_APP_VERSION",
              "RM_APP_TYPE",   "RM_TS_SESSION_ID", "RM_STATUS",       "RM_PID",
              "RM_N_FILES",    "RM_FILE"};
  }
}

// A list has one string for each of its elements; one that is not there (an error before there was
// a session) is empty, so that those behind it keep their places.
void Report(const JournalRecord& record) noexcept {
  try {
    std::vector<std::wstring> texts;
    for (const std::string_view name : InsertsOf(record.event)) {
      const size_t before = texts.size();
      for (const JournalField& field : record.fields)
        if (field.name == name) texts.push_back(Wide(field.value));
      if (texts.size() == before && !IsList(name)) texts.emplace_back();
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

JournalSink ToJournal() { return Report; }

}  // namespace rm
