// What does nobody start any more, because somebody says so?
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "execute/event.h"
#include "execute/stop.h"
#include "journal/record.h"
#include "machine/machine.h"
#include "store/session_store.h"

namespace rm {

struct GiveUpRequest {
  // Each is a session, all that it owes; a unit; the pid that a program had; or its name, if no
  // other has it.
  std::vector<std::string> names;
  std::string by;        // who says so, for people
  bool dry_run = false;  // only tells what would be given up
};

// Gives up what is named of the sessions whose owner is dead. Each is told as kGivenUp. All names
// are understood before anything is done: 160 none, or one that several have; 2 nothing of that
// name is owed; 1219 only by sessions whose owner lives. 121 somebody else was starting it all the
// time, up to limits.restart; 29, 14.
Result<void> GiveUp(const std::shared_ptr<Machine>& machine,
                    const std::shared_ptr<SessionStore>& store, const std::string& store_directory,
                    const GiveUpRequest& request, const EventSink& events, const Limits& limits,
                    const JournalSink& journal = {});

}  // namespace rm
