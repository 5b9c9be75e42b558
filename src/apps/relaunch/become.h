// In which order does a process turn into another one? What needs privilege first, then the
// identity, then what has to be done with that identity's rights, at last what would be in our way.
//
// Each step changes the calling process, skips what is the same already, and fails on what cannot
// be had, so that a program never runs in another state than the one that was captured.
#pragma once

#include <array>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "base/unique_fd.h"
#include "model/relaunch.h"

namespace rm {

// resources.cc: limits, priorities, processors. Limits are only raised here, since the privilege to
// do so is lost with the identity; LowerLimits sets them exactly.
Result<void> RaiseLimits(const RelaunchSpec& spec);
Result<void> LowerLimits(const RelaunchSpec& spec);
Result<void> TakeScheduling(const RelaunchSpec& spec);
Result<void> TakeOomScore(const RelaunchSpec& spec);
Result<void> TakeProcessors(const RelaunchSpec& spec);

// identity.cc: groups, users, capabilities, no_new_privs. The permitted and effective capabilities
// become those that were captured and that we have; exec decides about them anew, just as it would
// have for the process that was stopped. VerifyIdentity proves that there is no way back.
Result<void> TakeIdentity(const RelaunchSpec& spec);
Result<void> VerifyIdentity(const RelaunchSpec& spec);

// successor.cc: who has taken the old one's place, or is going to? Supervisors start again what has
// ended, at once or a while later; who starts it beside them has two.
struct Succession {
  std::optional<ProcessId> by_parent;  // the process that the old one's parent has started instead
  std::string left_to;  // the parent, for people: it is going to, and had not within the limit
};
// Waits for a parent that is a supervisor, or seems to be one. Neither: nobody else starts it.
Succession AwaitSuccession(const RelaunchSpec& spec, Milliseconds limit);

// same_objects.cc: with our own rights, what the old process had: its user alone may not have been
// able to get at it. Nothing but that very object is opened or entered.
using StreamFiles = std::array<UniqueFd, 3>;
StreamFiles OpenSameFiles(const RelaunchSpec& spec);
bool EnterSameDirectory(const RelaunchSpec& spec);

// surroundings.cc: with the rights of the new identity, what is there now instead. A stream that
// cannot be opened again, or is neither a regular file nor a device like /dev/null, becomes
// /dev/null; a sentence about it goes to `messages`.
Result<void> EnterDirectory(const RelaunchSpec& spec);
Result<void> OpenStreams(const RelaunchSpec& spec, StreamFiles same, int messages);
Result<void> TakeExecutionState(const RelaunchSpec& spec);  // umask, personality, timer slack
Result<void> TakeSignals(const RelaunchSpec& spec);

}  // namespace rm
