#include "journal/budget.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <ctime>
#include <utility>

#include "base/private_file.h"

namespace rm {
namespace {

int64_t Now() {
  timespec now{};
  clock_gettime(CLOCK_BOOTTIME, &now);
  return int64_t{now.tv_sec} * 1000 + now.tv_nsec / 1'000'000;
}

}  // namespace

bool Spend(JournalBudget& budget, int64_t now_ms) {
  // Another boot, or a file that others wrote.
  if (budget.as_of_ms > now_ms || budget.as_of_ms <= 0 || budget.credit_ms < 0 ||
      budget.credit_ms > kMostCredit)
    budget = {kMostCredit, now_ms, 0};
  budget.credit_ms = std::min(kMostCredit, budget.credit_ms + now_ms - budget.as_of_ms);
  budget.as_of_ms = now_ms;
  if (budget.credit_ms < kSessionCost) {
    ++budget.unspoken;
    return false;
  }
  budget.credit_ms -= kSessionCost;
  return true;
}

MaySpeak AskBudget(const std::string& directory) {
  const std::string path = directory + "/journal-budget";
  const UniqueFd file = OpenPrivateFile(path);
  struct stat about {};
  if (!file || ::fstat(file.get(), &about) != 0) return {false, 0};
  // Nobody else's, under whatever name it is here.
  if (!S_ISREG(about.st_mode) || about.st_uid != ::geteuid() || about.st_nlink != 1)
    return {false, 0};
  JournalBudget budget;
  if (::pread(file.get(), &budget, sizeof budget, 0) != sizeof budget) budget = {};
  MaySpeak answer;
  answer.now = Spend(budget, Now());
  if (answer.now) answer.unspoken = std::exchange(budget.unspoken, 0);
  if (::pwrite(file.get(), &budget, sizeof budget, 0) != sizeof budget) return {false, 0};
  return answer;
}

}  // namespace rm
