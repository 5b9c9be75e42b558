// /proc/PID/stat is read in three places, which must not take different processes for the same
#include "base/start_ticks.h"

#include "cli/ancestry.h"
#include "fuzz/fuzz.h"
#include "procfs/parse.h"

void rm::Fuzz(std::string_view input) {
  const auto stat = ParseStat(input);
  const auto ticks = ParseStartTicks(input);
  if (stat && ticks) Require(stat->start_ticks == *ticks);
  const auto ancestor = cli::ParseStat(input);
  if (stat && ancestor) Require(stat->parent == ancestor->parent);
}
