#include "procfs/seen_tables.h"

#include <sys/syscall.h>
#include <unistd.h>

namespace rm {
namespace {

constexpr int kLess = 1;  // kcmp(2)

}  // namespace

int SeenTables::Compare(pid_t tid, pid_t other) const {
  return static_cast<int>(syscall(SYS_kcmp, tid, other, kind_, 0, 0));
}

// The first that is not less. Whoever has ended meanwhile can be compared with nobody.
std::vector<pid_t>::iterator SeenTables::Find(pid_t tid, bool& equal) {
  equal = false;
  auto begin = seen_.begin(), end = seen_.end();
  while (begin != end) {
    const auto middle = begin + (end - begin) / 2;
    const int order = Compare(tid, *middle);
    if (order < 0) {
      const auto at = begin - seen_.begin(), left = end - begin - 1;
      seen_.erase(middle);
      begin = seen_.begin() + at;
      end = begin + left;
    } else if (order == 0) {
      equal = true;
      return middle;
    } else if (order == kLess) {
      end = middle;
    } else {
      begin = middle + 1;
    }
  }
  return begin;
}

bool SeenTables::Has(pid_t tid) {
  bool equal = false;
  if (Compare(tid, tid) == 0) Find(tid, equal);
  return equal;
}

void SeenTables::Add(pid_t tid) {
  bool equal = false;
  if (Compare(tid, tid) != 0) return;
  const auto place = Find(tid, equal);
  if (!equal) seen_.insert(place, tid);
}

}  // namespace rm
