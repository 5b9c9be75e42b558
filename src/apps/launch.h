// How is a captured process started again without a service manager? By rm-relaunch, which becomes
// it, in a session of its own.
#pragma once

#include <optional>
#include <string>
#include <utility>

#include "base/clock.h"
#include "base/result.h"
#include "base/unique_fd.h"
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
  bool busy = false;     // rm-relaunch is at it; then only `started` is final
  bool waiting = false;  // nobody has done it yet
  bool started = false;  // its program was started, as `process`
  bool gone = false;     // it was done with, called off, or moved to where LateFile says
  bool unknown = false;  // it cannot be read
  std::string failure;   // why it was not started; "" else
  ProcessId process;
};

// None of all: it is damaged.
SpecFileState LookAtSpecFile(const std::string& spec_file);

// Puts `spec` in the place of what became of the file, for who tries again.
void RewriteSpecFile(const std::string& spec_file, const RelaunchSpec& spec);

// rm-relaunch that waits for `was` to leave moves its spec file here, so that there is one of it
// for each process, whichever sessions it was asked to leave by. Removing it calls that off.
std::string LateFile(const std::string& directory, const ProcessId& was);

// `relaunch_program` at work on a spec file. It is not the caller's child, so nobody has to wait
// for it. A file that is gone, or whose program was started already, is a success of whoever did
// it.
class Launching {
 public:
  static Result<Launching> Begin(const std::string& relaunch_program, const std::string& spec_file);
  Launching(Launching&&) noexcept = default;
  Launching& operator=(Launching&&) noexcept = default;
  // What is under way goes on.
  ~Launching();

  // To poll for input.
  int fd() const { return report_.get(); }
  // None: it is under way. Then the program that was captured was started, as the file says, or
  // that has failed (352, with what rm-relaunch said). Does not block.
  std::optional<Result<ProcessId>> Look();
  // Ends what is under way, so that it does not run after it was given up.
  void End();

 private:
  Launching(std::string program, std::string spec_file)
      : program_(std::move(program)), spec_file_(std::move(spec_file)) {}
  void Reap();

  std::string program_;
  std::string spec_file_;
  UniqueFd report_;
  UniqueFd child_;  // the pidfd of rm-relaunch before it has put itself into the background
  std::string said_;
};

// How long rm-relaunch may take.
inline constexpr Milliseconds kBecoming{10'000};

// Begins, and blocks until it is decided; what has not started by the limit is ended (121).
Result<ProcessId> Launch(const std::string& relaunch_program, const std::string& spec_file,
                         Milliseconds limit = kBecoming);

}  // namespace rm
