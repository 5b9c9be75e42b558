// Who pays what a session owes when its owner is dead, or ended with an earlier boot?
#pragma once

#include <memory>
#include <string>

#include "execute/event.h"
#include "execute/stop.h"
#include "journal/record.h"
#include "machine/machine.h"
#include "store/session_store.h"

namespace rm {

// Pays what sessions owe whose owner is dead, and ends them; those of earlier boots are taken over
// first. 352 as RmRestart; what failed stays owed. A unit that somebody has started since, and that
// has ended or was stopped again, stays down. One that is not-found or masked by now is given up,
// if `events` tells somebody of it.
//
// `in_all`: how long it waits for all of them together. When that is over the others are started as
// well, but it is left to the next one who pays to see whether they run.
Result<void> Recover(const std::shared_ptr<Machine>& machine,
                     const std::shared_ptr<SessionStore>& store, const std::string& store_directory,
                     const EventSink& events, const Limits& limits, const JournalSink& journal = {},
                     Milliseconds in_all = std::chrono::hours(24));

}  // namespace rm
