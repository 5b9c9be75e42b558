// Was what a thread has of one kind looked at with another thread? Threads may share it, or have it
// alone: unshare(2).
#pragma once

#include <linux/kcmp.h>
#include <sys/types.h>

#include <vector>

namespace rm {

class SeenTables {
 public:
  explicit SeenTables(kcmp_type kind) : kind_(kind) {}
  // False where the kernel does not say, and maybe while others end or take another table: who asks
  // looks once more than needed.
  bool Has(pid_t tid);
  void Add(pid_t tid);

 private:
  int Compare(pid_t tid, pid_t other) const;
  std::vector<pid_t>::iterator Find(pid_t tid, bool& equal);

  const kcmp_type kind_;
  std::vector<pid_t> seen_;  // in the kernel's order: a process may have thousands
};

}  // namespace rm
