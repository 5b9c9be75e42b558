#include "machine/started_program.h"

#include <unistd.h>

#include <algorithm>
#include <string>

#include "apps/ask.h"
#include "base/start_ticks.h"
#include "procfs/process.h"
#include "procfs/read.h"

namespace rm {
namespace {

constexpr uint64_t kLatelySeconds = 60;

bool StartedLately(const ProcessId& process) {
  const auto hz = static_cast<uint64_t>(sysconf(_SC_CLK_TCK));
  return TicksNow() < process.start_ticks + kLatelySeconds * hz;
}

bool HasItsCommand(const ProcTree& proc, const Debt& debt, pid_t pid) {
  const std::string command = CommandLineOf(*debt.process);
  std::string theirs;
  const std::string file = std::to_string(pid) + "/cmdline";
  return ReadFileAt(proc.fd(), file.c_str(), command.size() + 1, theirs) == 0 && theirs == command;
}

// Its transient unit is forgotten by then, but not the cgroup.
bool IsLeftBy(const ProcTree& proc, const Debt& debt, const ProcessId& started,
              const ProcessFacts& facts) {
  const bool in_its_unit =
      !debt.relaunch_unit.empty() && facts.cgroup.ends_with("/" + debt.relaunch_unit);
  const auto is_like_it = [&] {
    return facts.id.start_ticks >= started.start_ticks && facts.uid == debt.process->uids[0] &&
           HasItsCommand(proc, debt, facts.id.pid);
  };
  return facts.id != started && (in_its_unit || is_like_it()) && IsAlive(facts.id);
}

}  // namespace

ProgramState LookAtProgram(const ProcTree& proc, const Debt& debt, const ProcessId& started,
                           const std::set<ProcessId>& others) {
  if (IsAlive(started)) return ProgramState::kRuns;
  if (!StartedLately(started)) return ProgramState::kEndedSince;
  const auto pids = ListPids(proc);
  const bool left = pids && std::ranges::any_of(*pids, [&](pid_t pid) {
                      const auto facts = ReadProcess(proc, pid);
                      return facts && *facts && !others.contains((*facts)->id) &&
                             IsLeftBy(proc, debt, started, **facts);
                    });
  return left ? ProgramState::kInBackground : ProgramState::kEndedAtOnce;
}

}  // namespace rm
