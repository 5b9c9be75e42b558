// /proc/swaps
#include "fuzz/fuzz.h"
#include "procfs/parse.h"

void rm::Fuzz(std::string_view input) {
  for (const SwapLine& line : ParseSwaps(input)) Require(line.path.size() <= input.size());
}
