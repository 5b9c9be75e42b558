// Does a program that rm-relaunch became still run, itself or in the background?
#pragma once

#include <set>

#include "model/debt.h"
#include "model/process.h"
#include "procfs/proc_tree.h"

namespace rm {

enum class ProgramState {
  kRuns,
  kInBackground,  // it has ended, and what it left behind runs: as daemons do
  kEndedAtOnce,
  kEndedSince,  // nobody has looked for so long that it may have run well until then
};

// `started` is the process that rm-relaunch was when it became the program of `debt`. Of the same
// program there may be others that were brought back.
ProgramState LookAtProgram(const ProcTree& proc, const Debt& debt, const ProcessId& started,
                           const std::set<ProcessId>& others);

}  // namespace rm
