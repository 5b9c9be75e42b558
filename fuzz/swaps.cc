// /proc/swaps
#include "fuzz/fuzz.h"
#include "procfs/parse.h"

void rm::Fuzz(std::string_view input) {
  for (const std::string& path : SwapFiles(input)) Require(path.size() <= input.size());
}
