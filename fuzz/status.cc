// /proc/PID/status
#include "fuzz/fuzz.h"
#include "procfs/parse.h"

void rm::Fuzz(std::string_view input) {
  for (const char* name : {"Uid", "Tgid", "NSpid", "SigIgn", "SigBlk", "Cpus_allowed_list"}) {
    const std::string_view value = FieldOf(input, name);
    ParseNumbers(value);
    ParseNumber(value, 16);
    ParseCpuList(value);
  }
}
