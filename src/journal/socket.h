// How does a record get to journald? As one datagram of its native protocol
// (https://systemd.io/JOURNAL_NATIVE_PROTOCOL/).
#pragma once

#include <string>

#include "journal/record.h"

namespace rm {

inline constexpr char kJournalSocket[] = "/run/systemd/journal/socket";

// Every value is sent as it is, whatever bytes it has.
std::string ToDatagram(const JournalRecord& record);

// Never waits and never fails: without a journald, or when it does not keep up, the record is lost.
// A record of no unit is said to be of `unit`: of a writer that has ended meanwhile journald does
// not know the unit, and then the unit's log lacks why it failed.
JournalSink ToJournal(std::string socket, std::string unit);
// To the system's journal, where records of no unit are of that of this process.
JournalSink ToJournal();

}  // namespace rm
