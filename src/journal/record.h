// What does the system's journal hear of a session? Windows' event ids and fields
// (docs/journal.md), as fields of journald. Pure: journal/socket.h sends them.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "model/app.h"
#include "model/resource.h"

namespace rm {

// The numbers are Windows'. Those from 11000 on are this project's: there is nothing like them on
// Windows.
enum class JournalEvent : uint32_t {
  kSessionBegins = 10000,
  kSessionEnds = 10001,
  kStopping = 10002,
  kRestarting = 10003,
  kRegistered = 10004,
  kRebootNeeded = 10005,
  kStopFailed = 10006,
  kRestartFailed = 10007,
  kInternalError = 10008,
  kCannotComeBack = 10010,
  kOwnerDied = 11000,
  kGivenUp = 11001,
};

// journalctl --unit shows what root says about a unit in these fields.
inline constexpr char kObjectUnit[] = "OBJECT_SYSTEMD_UNIT";
inline constexpr char kObjectUserUnit[] = "OBJECT_SYSTEMD_USER_UNIT";

struct JournalField {
  std::string name;  // upper case letters, digits and underscores
  std::string value;

  friend bool operator==(const JournalField&, const JournalField&) = default;
};

struct JournalRecord {
  JournalEvent event;
  std::vector<JournalField> fields;  // a name may come more than once
};

// Must not block and must not fail: nobody waits for a journal.
using JournalSink = std::function<void(const JournalRecord&)>;

struct JournalSession {
  uint32_t index = 0;  // SessionRecord::index, Windows' RmSessionId
  std::string name;    // SessionRecord::name
  int64_t started_us = 0;
};

// `unspoken`: sessions before this one of which the journal heard nothing (journal/budget.h).
JournalRecord SessionBegins(const JournalSession& session, uint64_t unspoken);
JournalRecord SessionEnds(const JournalSession& session);

// What one or more calls have registered. The names are those of one call, or none.
struct RegisteredCounts {
  size_t files = 0;
  size_t processes = 0;
  size_t services = 0;
  Registration named;
};
JournalRecord ResourcesRegistered(const JournalSession& session, const RegisteredCounts& counts);

// Apps without reasons are left out.
JournalRecord RebootNeeded(const JournalSession& session, const std::vector<App>& apps,
                           uint32_t reasons);

// kStopping, kRestarting, kStopFailed, kRestartFailed, kCannotComeBack, kGivenUp. `files`: the
// registered paths that it holds. `why`: for people, may be "".
JournalRecord AppEvent(JournalEvent event, const JournalSession& session, const App& app,
                       const std::vector<std::string>& files, const std::string& why);

// NULL: before there was a session.
JournalRecord InternalError(const JournalSession* session, const std::string& sentence);
// `session` is its name.
JournalRecord OwnerDied(const std::string& session, const ProcessId& owner);

}  // namespace rm
