// /proc/PID/mountinfo, and which mounts have a server behind them
#include "fuzz/fuzz.h"
#include "procfs/mounts.h"

void rm::Fuzz(std::string_view input) {
  std::vector<MountLine> mounts;
  for (const std::string& line : Split(input, '\n')) {
    if (auto mount = ParseMountLine(line)) mounts.push_back(std::move(*mount));
  }
  Require(ServedPoints(mounts).size() <= 2 * mounts.size());
}
