// /proc/PID/stat
#include "fuzz/fuzz.h"
#include "procfs/parse.h"

void rm::Fuzz(std::string_view input) {
  const auto stat = ParseStat(input);
  if (stat) Require(stat->name.size() <= input.size());
}
