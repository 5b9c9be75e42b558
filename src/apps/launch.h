// How is a captured process started again without a service manager? By rm-relaunch, which becomes
// it, in a session of its own.
#pragma once

#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "model/process.h"
#include "model/relaunch.h"

namespace rm {

// Writes what rm-relaunch reads to `directory`/`name` (0600) and returns that path. The directory
// must exist and be ours alone (0700). 5: it is not; 29: the file exists already, or the disk is
// full.
Result<std::string> WriteSpecFile(const std::string& directory, const std::string& name,
                                  const RelaunchSpec& spec);

// What has become of a spec file that rm-relaunch was started on.
struct SpecFileState {
  bool waiting = false;  // nobody has read it yet
  bool started = false;  // its program was started, as `process`
  bool gone = false;     // it was done with, called off, or moved to where LateFile says
  bool unknown = false;  // it cannot be read
  std::string failure;   // why it was not started; "" else
  ProcessId process;
};

// None of all: rm-relaunch was killed before it had become the program. Blocks while rm-relaunch is
// at it, up to `limit`.
SpecFileState LookAtSpecFile(const std::string& spec_file, Milliseconds limit = Milliseconds{0});

// Puts `spec` in the place of what became of the file, for who tries again.
void RewriteSpecFile(const std::string& spec_file, const RelaunchSpec& spec);

// rm-relaunch that waits for `was` to leave moves its spec file here, so that there is one of it
// for each process, whichever sessions it was asked to leave by. Removing it calls that off.
std::string LateFile(const std::string& directory, const ProcessId& was);

// Starts `relaunch_program` on that file and returns once the program that was captured runs, or
// has failed to (352, with what rm-relaunch said). It is not the caller's child, so nobody has to
// wait for it. The file says so then. A file that is gone, or whose program was started already, is
// a success of whoever did it. Blocks up to `limit`; what has not started by then is ended (121).
Result<ProcessId> Launch(const std::string& relaunch_program, const std::string& spec_file,
                         Milliseconds limit = Milliseconds{10'000});

}  // namespace rm
