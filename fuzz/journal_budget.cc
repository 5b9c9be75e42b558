// The file that says how many sessions the journal may still hear of
#include <cstring>

#include "fuzz/fuzz.h"
#include "journal/budget.h"

void rm::Fuzz(std::string_view input) {
  JournalBudget budget;
  int64_t now = 1;
  if (input.size() < sizeof budget + sizeof now) return;
  std::memcpy(&budget, input.data(), sizeof budget);
  std::memcpy(&now, input.data() + sizeof budget, sizeof now);
  if (now <= 0 || now > INT64_MAX / 2) return;  // no clock says so
  // Whatever it says, it is soon spent, and fills up again.
  int64_t spent = 0;
  while (Spend(budget, now)) Require(++spent <= kMostCredit / kSessionCost);
  Require(budget.as_of_ms == now && budget.credit_ms >= 0 && budget.credit_ms < kSessionCost);
  Require(Spend(budget, now + kSessionCost));
}
