// What does the next boot have to know of a session's debts, and how is it written?
//
// Lines of text, for whoever has to look at them after a crash; nothing in them is ever executed.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "model/debt.h"

namespace rm {

// A program that is no service. No boot starts it: only what a person needs to do so is kept, and
// of its arguments and environment nothing.
struct BootProgram {
  uid_t user = 0;
  std::string name;
  std::string executable;

  friend bool operator==(const BootProgram&, const BootProgram&) = default;
};

struct BootDebts {
  std::string boot_id;     // of the boot in which it was stopped
  int64_t started_us = 0;  // SessionRecord::started_us
  std::vector<UnitRef> units;
  std::vector<BootProgram> programs;

  bool empty() const { return units.empty() && programs.empty(); }
  friend bool operator==(const BootDebts&, const BootDebts&) = default;
};

// More than that is read by nobody: of 10,000 units the names.
inline constexpr size_t kMaxBootDebts = size_t{4} << 20;

// What is owed now: not what is only planned, and not what was paid or cancelled.
BootDebts OwedToTheNextBoot(const std::vector<Debt>& debts);

std::string Serialize(const BootDebts& debts);
// 29: it was not written by Serialize, or not to its end; says where.
Result<BootDebts> ParseBootDebts(std::string_view text);

// The debts as a session of this boot would have them.
std::vector<Debt> DebtsOf(const BootDebts& debts);

}  // namespace rm
