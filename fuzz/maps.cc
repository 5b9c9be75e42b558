// /proc/PID/maps
#include "fuzz/fuzz.h"
#include "procfs/parse.h"

void rm::Fuzz(std::string_view input) {
  for (const std::string& line : Split(input, '\n')) {
    const auto map = ParseMapsLine(line);
    if (map) Require(UnescapeMapsPath(map->path).size() <= line.size());
  }
}
