// What a session owes the next boot, read from a disk after a crash
#include "store/boot_debts.h"

#include <fmt/format.h>

#include "base/checksum.h"
#include "fuzz/fuzz.h"

namespace {

void Parse(std::string_view text) {
  const auto debts = rm::ParseBootDebts(text);
  if (!debts) return;
  const auto again = rm::ParseBootDebts(Serialize(*debts));
  rm::Require(again && *again == *debts);
}

}  // namespace

void rm::Fuzz(std::string_view input) {
  Parse(input);
  // No fuzzer finds a checksum.
  Parse(fmt::format("{}end {:016x}\n", input, Checksum(input)));
}
