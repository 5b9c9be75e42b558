// What does each command do? One function and one file each; they return the exit status.
#pragma once

#include "cli/options.h"

namespace rm::cli {

int Who(const WhoOptions& options);
int Stale(const StaleOptions& options);
int Run(const RunOptions& options);
int StartSession(const SessionStartOptions& options);
int UseSession(const SessionOptions& options);
int ShowSessions(const SessionShowOptions& options);
int Explain(const ExplainOptions& options);
int Recover(const RecoverOptions& options);
int Demo(const DemoOptions& options);
int HoldForDemo(const HolderOptions& options);

}  // namespace rm::cli
