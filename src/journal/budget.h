// May the journal hear of this session from its beginning? Programs that ask who uses a file do so
// many times a second, and all they do is to look.
//
// One budget per user, in a file of the store's directory, for all processes: a burst of sessions,
// then one every few seconds. Who has none left is silent until it acts.
#pragma once

#include <cstdint>
#include <string>

namespace rm {

struct JournalBudget {
  int64_t credit_ms = 0;  // one session costs kSessionCost
  int64_t as_of_ms = 0;   // CLOCK_BOOTTIME
  uint64_t unspoken = 0;  // silent sessions since the last that was not

  friend bool operator==(const JournalBudget&, const JournalBudget&) = default;
};

inline constexpr int64_t kSessionCost = 10'000;
inline constexpr int64_t kMostCredit = 100 * kSessionCost;

// Takes one session out of the budget, if it is in it.
bool Spend(JournalBudget& budget, int64_t now_ms);

struct MaySpeak {
  bool now = true;
  uint64_t unspoken = 0;  // before it
};

// Takes no lock: two sessions that start at the same moment may be counted as one. When the file
// cannot be written, nobody speaks before he acts.
MaySpeak AskBudget(const std::string& directory);

}  // namespace rm
