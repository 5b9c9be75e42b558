// Of which parts is the library put together? The composition root: store, machine, session.
#pragma once

#include <memory>
#include <string>

#include "base/clock.h"
#include "machine/machine.h"
#include "session/session.h"
#include "store/session_store.h"

namespace rm {

struct Backing {
  std::shared_ptr<SessionStore> store;
  std::string directory;
  int64_t boot_us = 0;  // SessionStore::BootTime
};

// The store of this user. One per process and directory, kept open. Its lock limit is that of
// RESTART_MANAGER_LOCK_TIMEOUT in the environment (ms), or 30 s.
Result<Backing> OpenBacking();
// A store of its own with another lock limit.
Result<std::shared_ptr<SessionStore>> OpenStore(const std::string& directory,
                                                Milliseconds lock_limit);
Result<std::shared_ptr<Machine>> OpenMachine();

// `begins`: it was started just now. As many sessions as the journal should hear of
// (journal/budget.h) are told of at once.
Journaling OpenJournal(const Backing& backing, const SessionRecord& record, bool begins);

}  // namespace rm
