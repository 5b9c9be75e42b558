// Which of the files does this one process hold?
#pragma once

#include <sys/types.h>

#include <atomic>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <unordered_set>
#include <utility>
#include <vector>

#include "procfs/bound_sockets.h"
#include "procfs/holders.h"
#include "procfs/parse.h"
#include "procfs/target_set.h"

namespace rm {

// What the kernel shows in place of a path, as link and in maps.
constexpr std::string_view kRingLink = "anon_inode:[io_uring]";

// That a mapped object existed. If it still does after the search, its number was its own all the
// time.
struct Witness {
  std::string name;  // below /proc
  const FileTarget* target;
};

// One for each thread of a scan: keeps its buffers from one process to the next.
class ProcessScan {
 public:
  ProcessScan(const ProcTree& proc, const TargetSet& targets, const BoundSockets& sockets,
              bool directories, bool ask_each = false);

  // 0, or the errno of a caller that has run out of descriptors or memory.
  int Scan(pid_t pid);
  HolderScan& found() { return found_; }
  // What part of `found` goes back to; each target at most once.
  std::vector<Witness>& witnesses() { return witnesses_; }

  // For other threads: a number that changes as long as it gets on, whom it looks at, and what was
  // found of that one by now, of which process is to be filled in.
  uint64_t steps() const { return steps_; }
  std::pair<pid_t, std::vector<Holding>> Partial() const;

 private:
  void ForgetWitnesses(size_t kept);
  void ScanThreads(int directory);
  bool ScanEachThread(int directory, bool leader_left);
  void ScanMemoryOfThread(int task, pid_t tid);
  void ScanDescriptors(int directory, pid_t tid);
  void ScanRing(int directory, int fd, uint64_t ino);
  void ScanSocket(int directory, int fd, uint64_t ino);
  void ScanBound(int directory, int fd, uint64_t ino, const BoundSockets::File* told);
  void ScanDirectories(int directory);
  void ScanLink(int directory, const char* name, HoldKind kind);
  // `owner` is in whose directory this is, and 0 in a thread's, which has no map_files.
  void ScanMemory(int directory, pid_t owner);
  void ScanMapping(int directory, pid_t owner, const MapsLine& map);
  void ScanMappedNode(int directory, const MapsLine& map);
  bool IsMapped(int directory, pid_t owner, const MapsLine& map, const FileTarget& target);
  bool OpenNamed(int directory, const std::string& path, UniqueFd& object, struct statx& found);
  void Compare(const struct statx& found, const Met& met, HoldKind kind, int fd);
  void Add(const FileTarget& target, HoldKind kind, int fd);
  void Note(int error);

  const ProcTree& proc_;
  const TargetSet& targets_;
  const BoundSockets& sockets_;
  const bool directories_;
  const bool ask_each_;
  std::string our_mounts_;  // the mount namespace we read names in
  // The device of descriptors that are no files: rings, timers, events. 0: not known.
  uint64_t anonymous_ = 0;
  Layers layers_{Layers::Wait::kMayNot};
  std::vector<char> buffer_;
  HolderScan found_;
  std::vector<Witness> witnesses_;
  std::unordered_set<const FileTarget*> asked_;
  unsigned messages_seen_ = 0;
  std::set<std::pair<uint64_t, uint64_t>> no_nodes_;  // mapped files, by device and number
  std::atomic<uint64_t> steps_ = 0;

  // Of the process that is looked at:
  mutable std::mutex lock_;  // of the next two, which other threads read
  pid_t pid_ = 0;
  std::vector<Holding> holdings_;
  std::set<uint64_t> rings_, mapped_rings_;  // inodes of io_urings: with a descriptor; mapped
  pid_t tid_ = 0;                            // whose descriptors are looked at
  bool denied_ = false;
  bool in_flight_ = false;
  int exhausted_ = 0;
};

}  // namespace rm
