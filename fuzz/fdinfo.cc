// /proc/PID/fdinfo/FD of an io_uring
#include "fuzz/fuzz.h"
#include "procfs/parse.h"

void rm::Fuzz(std::string_view input) {
  for (const std::string& path : RingFiles(input).value_or(std::vector<std::string>()))
    Require(path.starts_with('/'));
}
