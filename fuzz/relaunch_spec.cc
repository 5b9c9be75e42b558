// How a program is started again, read as root from a file that may be damaged
#include "base/checksum.h"
#include "fuzz/fuzz.h"
#include "model/relaunch.h"

namespace {

// Nothing is understood but what Serialize writes.
void Parse(const std::string& bytes) {
  if (const auto spec = rm::ParseRelaunchSpec(bytes)) rm::Require(Serialize(*spec) == bytes);
}

}  // namespace

void rm::Fuzz(std::string_view input) {
  Parse(std::string(input));
  // No fuzzer finds a checksum.
  Parse(Seal(std::string(input)));
}
