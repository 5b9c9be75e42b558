#include "journal/record.h"

#include <fmt/chrono.h>
#include <fmt/core.h>

#include <algorithm>
#include <ctime>
#include <utility>

namespace rm {
namespace {

// A datagram has to hold it all (unix(7): about 200 kB), and journald takes 1024 fields at most.
constexpr size_t kMostNames = 100;
constexpr size_t kMostNameBytes = 48 * 1024;

struct Kind {
  JournalEvent event;
  int priority;  // syslog(3)
  const char* message_id;
};

constexpr int kError = 3;
constexpr int kWarning = 4;
constexpr int kInfo = 6;

constexpr Kind kKinds[] = {
    {JournalEvent::kSessionBegins, kInfo, "d90e55afce3548b7847aa06493af8b32"},
    {JournalEvent::kSessionEnds, kInfo, "9db506589eeb4aec9139a66f4a0277cc"},
    {JournalEvent::kStopping, kInfo, "b98a47ea30d94ad0b86ccb46112b7db1"},
    {JournalEvent::kRestarting, kInfo, "2cde037f1d194129b55fc97e7398ed38"},
    {JournalEvent::kRegistered, kInfo, "2c5f4ed9b7f948858351f04b690bd8b4"},
    {JournalEvent::kRebootNeeded, kInfo, "7c3182b8839543b1b48b785e65bcdc92"},
    {JournalEvent::kStopFailed, kError, "d492b71082a34b898fae86399a4fcfb9"},
    {JournalEvent::kRestartFailed, kError, "515e98f736af4de7a9711c4cf14cb290"},
    {JournalEvent::kInternalError, kError, "ef2dde980f794e08b36ce3d2768fb62a"},
    {JournalEvent::kCannotComeBack, kWarning, "612af69cd2234c7a9cde52354057e3b4"},
    {JournalEvent::kOwnerDied, kWarning, "fa2439df111445a29d11a2b3ba750aa6"},
    {JournalEvent::kGivenUp, kWarning, "7aea04ee78b1418b8865f000d693b697"},
};

const Kind& KindOf(JournalEvent event) {
  return *std::find_if(std::begin(kKinds), std::end(kKinds),
                       [&](const Kind& kind) { return kind.event == event; });
}

// What other programs chose must not draw on the terminal of who reads the journal.
std::string Printable(std::string text) {
  std::replace_if(
      text.begin(), text.end(),
      [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }, '?');
  return text;
}

// "2022-10-26T20:24:13.425326Z"
std::string UtcTime(int64_t unix_us) {
  const std::time_t seconds = unix_us / 1'000'000;
  return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:06}Z", fmt::gmtime(seconds), unix_us % 1'000'000);
}

class Record {
 public:
  Record(JournalEvent event, const std::string& message) : record_{event, {}} {
    const Kind& kind = KindOf(event);
    Add("MESSAGE", Printable(message));
    Add("MESSAGE_ID", kind.message_id);
    Number("PRIORITY", kind.priority);
    Add("SYSLOG_IDENTIFIER", "restart-manager");
    Number("RM_EVENT", static_cast<uint32_t>(event));
  }

  Record& Add(const char* name, std::string value) {
    record_.fields.push_back({name, std::move(value)});
    return *this;
  }
  template <class Value>
  Record& Number(const char* name, Value value) {
    return Add(name, fmt::format("{}", value));
  }
  Record& Names(const char* name, const std::vector<std::string>& values) {
    size_t count = 0;
    size_t bytes = 0;
    for (const std::string& value : values) {
      bytes += value.size();
      if (++count > kMostNames || bytes > kMostNameBytes) break;
      Add(name, value);
    }
    return *this;
  }
  Record& Session(const JournalSession& session) {
    Number("RM_SESSION_ID", session.index);
    return Add("RM_SESSION", session.name);
  }
  JournalRecord Done() { return std::move(record_); }

 private:
  JournalRecord record_;
};

std::string Count(size_t count, const char* one, const char* many) {
  return fmt::format("{} {}", count, count == 1 ? one : many);
}

std::string CalledInMessage(const App& app) {
  if (app.unit && app.main.pid > 0)
    return fmt::format("{} (pid {})", ToString(*app.unit), app.main.pid);
  if (app.unit) return ToString(*app.unit);
  return fmt::format("{} (pid {})", app.name, app.main.pid);
}

std::string AppMessage(JournalEvent event, const App& app, const std::string& why) {
  const std::string name = CalledInMessage(app);
  const std::string because = why.empty() ? "" : ": " + why;
  switch (event) {
    case JournalEvent::kStopping:
      return fmt::format("{} is being stopped, because files that it uses are to be replaced",
                         name);
    case JournalEvent::kRestarting:
      return fmt::format("{} is being started again", name);
    case JournalEvent::kStopFailed:
      return fmt::format("{} could not be stopped{}", name, because);
    case JournalEvent::kRestartFailed:
      return fmt::format("{} could not be started again{}", name, because);
    case JournalEvent::kGivenUp:
      return fmt::format("{} is owed no start any more{}", name, because);
    default:
      return fmt::format("{} will not come back once it is stopped{}", name, because);
  }
}

void AddUnit(Record& record, const App& app) {
  if (!app.unit) return;
  record.Add("RM_UNIT", ToString(*app.unit));
  record.Add(app.unit->user ? kObjectUserUnit : kObjectUnit, app.unit->name);
}

}  // namespace

JournalRecord SessionBegins(const JournalSession& session, uint64_t unspoken) {
  std::string message = fmt::format("Session {} begins", session.index);
  if (unspoken != 0)
    message +=
        fmt::format("; {} before it began without a word", Count(unspoken, "session", "sessions"));
  Record record(JournalEvent::kSessionBegins, message);
  record.Session(session).Add("RM_UTC_START_TIME", UtcTime(session.started_us));
  if (unspoken != 0) record.Number("RM_UNSPOKEN", unspoken);
  return record.Done();
}

JournalRecord SessionEnds(const JournalSession& session) {
  return Record(JournalEvent::kSessionEnds, fmt::format("Session {} ends", session.index))
      .Session(session)
      .Add("RM_UTC_START_TIME", UtcTime(session.started_us))
      .Done();
}

JournalRecord ResourcesRegistered(const JournalSession& session, const RegisteredCounts& counts) {
  Record record(JournalEvent::kRegistered,
                fmt::format("Session {} registers {}, {} and {}", session.index,
                            Count(counts.files, "file", "files"),
                            Count(counts.processes, "process", "processes"),
                            Count(counts.services, "service", "services")));
  record.Session(session)
      .Number("RM_N_FILES", counts.files)
      .Number("RM_N_REG_PROCS", counts.processes)
      .Number("RM_N_REG_SERVICES", counts.services);
  std::vector<std::string> names;
  for (const FileResource& file : counts.named.files) names.push_back(file.path);
  record.Names("RM_FILES", names);
  names.clear();
  for (const ProcessId& process : counts.named.processes)
    names.push_back(fmt::format("{}", process.pid));
  record.Names("RM_REG_PROCS", names);
  names.clear();
  for (const UnitRef& unit : counts.named.services) names.push_back(ToString(unit));
  return record.Names("RM_REG_SERVICES", names).Done();
}

JournalRecord RebootNeeded(const JournalSession& session, const std::vector<App>& apps,
                           uint32_t reasons) {
  std::vector<std::string> names;
  std::string said;
  for (const App& app : apps) {
    if (app.reasons == 0) continue;
    names.push_back(app.unit ? ToString(*app.unit) : app.name);
    if (names.size() > kMostNames) continue;
    said += (said.empty() ? "" : "; ") + CalledInMessage(app) +
            (app.why_not_stoppable.empty() ? "" : ": " + app.why_not_stoppable);
  }
  return Record(JournalEvent::kRebootNeeded,
                "The files cannot be freed without a reboot. In the way: " + said)
      .Session(session)
      .Number("RM_N_APPLICATIONS", names.size())
      .Names("RM_APPLICATIONS", names)
      .Number("RM_REBOOT_REASONS", reasons)
      .Done();
}

JournalRecord AppEvent(JournalEvent event, const JournalSession& session, const App& app,
                       const std::vector<std::string>& files, const std::string& why) {
  Record record(event, AppMessage(event, app, why));
  record.Session(session)
      .Number("RM_PID", app.main.pid)
      .Add("RM_FULL_PATH", app.executable)
      .Add("RM_DISPLAY_NAME", app.name)
      .Number("RM_APP_VERSION", 0)
      .Number("RM_APP_TYPE", static_cast<uint32_t>(app.type))
      .Number("RM_TS_SESSION_ID", app.login_session)
      .Number("RM_STATUS", app.status);
  AddUnit(record, app);
  if (event == JournalEvent::kCannotComeBack)
    record.Number("RM_REASON", 1);  // Windows: unknown
  else
    record.Number("RM_N_FILES", files.size()).Names("RM_FILE", files);
  if (!why.empty()) record.Add("RM_WHY", why);
  return record.Done();
}

JournalRecord InternalError(const JournalSession* session, const std::string& sentence) {
  Record record(JournalEvent::kInternalError, "Internal error: " + sentence);
  if (session) record.Session(*session);
  return record.Number("RM_CB_SIZE", sentence.size()).Add("RM_PB_BINARY", sentence).Done();
}

JournalRecord OwnerDied(const std::string& session, const ProcessId& owner) {
  return Record(JournalEvent::kOwnerDied,
                fmt::format("The installer of session {} (pid {}) has ended without ending the "
                            "session: what it stopped starts again",
                            session, owner.pid))
      .Add("RM_SESSION", session)
      .Number("RM_PID", owner.pid)
      .Done();
}

}  // namespace rm
