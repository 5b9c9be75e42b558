// Which files does a session keep in the store's directory, and who may touch them?
//
//   relaunch-SESSION-N       how a program is brought back (apps/launch.h)
//   guard-SESSION            locked by the guard that watches where there is no service manager
//   paying                   of all sessions: a byte is locked by whoever starts what one owes
//   late-PID-START_TICKS     how a program is brought back that stays for now (apps/launch.h)
#pragma once

#include <memory>
#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "base/unique_fd.h"

namespace rm {

std::string GuardFile(const std::string& store_directory, const std::string& session);

// The file, made if it is not there, with nobody else's lock on it. None: somebody has it.
Result<UniqueFd> LockFile(const std::string& path);

// As Machine::BeginPaying and Machine::CleanUp.
Result<std::shared_ptr<void>> BeginPaying(const std::string& store_directory,
                                          const std::string& session, TimePoint deadline);
void CleanUp(const std::string& store_directory, const std::string& session);

}  // namespace rm
