// Which sockets are bound to these files? Their descriptors do not lead there.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <span>
#include <unordered_map>
#include <unordered_set>

#include "base/unique_fd.h"
#include "procfs/proc_tree.h"
#include "procfs/target_set.h"

namespace rm {

class BoundSockets {
 public:
  struct File {
    uint64_t dev;  // the superblock's
    uint32_t ino;  // its lower half
  };

  // Of each network namespace that one of the processes is in and the caller may enter:
  // sock_diag(7) tells only those of one's own. Asks nothing where no target is a socket, or `proc`
  // is not the kernel's own.
  BoundSockets(const ProcTree& proc, const TargetSet& targets, std::span<const pid_t> pids);

  // By the inode number of the socket, all of which are of one file system. Null: it is bound to
  // nothing that has the number of a target, or its namespace may not be entered.
  const File* Of(uint64_t socket) const {
    const auto found = files_.find(socket);
    return found == files_.end() ? nullptr : &found->second;
  }
  // Whether it may be bound to a target in a network namespace that was not asked: a thread can be
  // in one alone, and a socket outlive all that lived there.
  bool MayBeElsewhere(uint64_t socket) const { return wanted_ && !told_.contains(socket); }

 private:
  void AskHere(const TargetSet& targets);

  bool wanted_ = false;
  std::unordered_map<uint64_t, File> files_;
  std::unordered_set<uint64_t> told_;  // all that the kernel has told of, bound to whatever
};

// 0 or an errno: the file that this socket of another process, or thread, is bound to, opened with
// O_PATH. Needs CAP_NET_ADMIN and what ptrace(2) needs. Has the socket itself open for a moment.
int OpenBoundFile(pid_t tid, int fd, uint64_t socket, UniqueFd& file);

}  // namespace rm
