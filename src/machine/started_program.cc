#include "machine/started_program.h"

#include <time.h>
#include <unistd.h>

#include <algorithm>

#include "apps/ask.h"
#include "procfs/process.h"

namespace rm {
namespace {

constexpr uint64_t kLatelySeconds = 60;

bool StartedLately(const ProcessId& process) {
  timespec now{};
  clock_gettime(CLOCK_BOOTTIME, &now);
  const auto hz = static_cast<uint64_t>(sysconf(_SC_CLK_TCK));
  return static_cast<uint64_t>(now.tv_sec) < process.start_ticks / hz + kLatelySeconds;
}

// Its transient unit is forgotten by then, but not the cgroup.
bool IsLeftBy(const Debt& debt, const ProcessId& started, const ProcessFacts& facts) {
  const bool in_its_unit =
      !debt.relaunch_unit.empty() && facts.cgroup.ends_with("/" + debt.relaunch_unit);
  const bool like_it = facts.id.start_ticks >= started.start_ticks &&
                       facts.uid == debt.process->uids[0] &&
                       facts.executable == debt.process->executable;
  return (in_its_unit || like_it) && facts.id != started && IsAlive(facts.id);
}

}  // namespace

ProgramState LookAtProgram(const ProcTree& proc, const Debt& debt, const ProcessId& started) {
  if (IsAlive(started)) return ProgramState::kRuns;
  if (!StartedLately(started)) return ProgramState::kEndedSince;
  const auto pids = ListPids(proc);
  const bool left = pids && std::ranges::any_of(*pids, [&](pid_t pid) {
                      const auto facts = ReadProcess(proc, pid);
                      return facts && *facts && IsLeftBy(debt, started, **facts);
                    });
  return left ? ProgramState::kInBackground : ProgramState::kEndedAtOnce;
}

}  // namespace rm
