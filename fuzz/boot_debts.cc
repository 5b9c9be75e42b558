// What a session owes the next boot, read from a disk after a crash
#include "store/boot_debts.h"

#include "fuzz/fuzz.h"

void rm::Fuzz(std::string_view input) {
  const auto debts = ParseBootDebts(input);
  if (!debts) return;
  const auto again = ParseBootDebts(Serialize(*debts));
  Require(again && *again == *debts);
}
