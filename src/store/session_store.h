// Where does a session live so that other processes see it and a crash loses nothing? SEAM 2.
//
// Every call is one transaction: it either happened whole or not at all, also when the process is
// killed. Codes: 29 the store cannot be read or written, 121 the write lock was not obtained within
// the limit, 14 no memory, 6 a session that is named by its id has ended (contract.md 4).
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "model/app.h"
#include "model/debt.h"
#include "model/filter.h"
#include "model/resource.h"

namespace rm {

using SessionId = uint64_t;

struct SessionRecord {
  SessionId id = 0;
  std::string name;        // 16 hex digits, public: names units and log records; not the key
  uint32_t index = 0;      // small, first free: what Windows shows as RmSessionId
  ProcessId owner;         // {0, 0}: it ended with an earlier boot
  int64_t started_us = 0;  // CLOCK_REALTIME at the start
  bool shutdown_attempted = false;
};

struct NewSession {
  SessionRecord record;
  std::string key;  // 32 lowercase hex digits; stored only as a hash
  // A session whose owner is dead, or has ended with an earlier boot, still owes a start: Recover
  // pays it.
  bool dead_owe = false;
};

// What one session knows.
struct SessionState {
  SessionRecord record;
  Registration registered;
  std::vector<Filter> filters;  // in the order they were added
  std::vector<App> seen;        // who was affected so far, with their status
  std::vector<Debt> debts;
};

class SessionStore {
 public:
  virtual ~SessionStore() = default;

  // From now on: how long a call waits for another process that writes, before 121.
  virtual void SetLockLimit(std::chrono::milliseconds limit) = 0;

  // Wall-clock time of the boot in microseconds since 1970, the same for every caller of this store
  // until the next boot: process start times cross the ABI as FILETIMEs made from it.
  virtual Result<int64_t> BootTime() = 0;

  // 353 when this user has 64 sessions. Sweeps sessions whose owner is dead and owe nothing.
  virtual Result<NewSession> Start(const ProcessId& owner) = 0;
  // A second key, which the caller chose: 32 hex digits. Also only its hash is stored; a session
  // that had the same one loses it. 160 when it is no key.
  virtual Result<void> SetAlias(SessionId session, const std::string& key) = 0;
  // 1219 when no living session has this key or alias.
  virtual Result<SessionRecord> Find(const std::string& key) = 0;
  virtual Result<void> Register(SessionId session, const Registration& batch) = 0;
  // A newer filter on the same target (SameTarget) replaces the older one.
  virtual Result<void> AddFilter(SessionId session, const Filter& filter) = 0;
  // 2 when there is none on this target.
  virtual Result<void> RemoveFilter(SessionId session, const Filter& filter) = 0;
  virtual Result<SessionState> Load(SessionId session) = 0;
  virtual Result<void> SetShutdownAttempted(SessionId session) = 0;
  // Replaces what is recorded as seen.
  virtual Result<void> SaveSeen(SessionId session, const std::vector<App>& seen) = 0;
  // Appends and gives each debt its id.
  virtual Result<void> AddDebts(SessionId session, std::vector<Debt>& debts) = 0;
  // Rewrites state, relaunch_unit, spec_file and stopped_run of these debts.
  virtual Result<void> UpdateDebts(SessionId session, const std::vector<Debt>& debts) = 0;
  virtual Result<void> End(SessionId session) = 0;
  // Takes over what sessions of earlier boots still owe, where that outlives a boot: they are among
  // All from then on, without an owner. 29 when some of it cannot be read; the rest is taken over.
  virtual Result<void> AdoptEarlier() { return {}; }
  // Every session of this user, the living and the abandoned.
  virtual Result<std::vector<SessionState>> All() = 0;
};

}  // namespace rm
