// A machine's worth of processes that hold files, with the truth about who holds what.
#pragma once

#include <sys/types.h>

#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/unique_fd.h"

namespace rm::bench {

// `count` processes (member.c), each with `opened` of 10,000 files open and 10 of 200 libraries
// mapped in four pieces with the descriptor closed. They end with this object.
class Population {
 public:
  static constexpr int kFiles = 10000;
  static constexpr int kLibraries = 200;
  static constexpr int kMapped = 10;

  Population(std::string directory, int count, int opened = 100);
  ~Population();
  Population(const Population&) = delete;
  Population& operator=(const Population&) = delete;

  std::string File(int number) const;
  std::string Library(int number) const;
  // Whoever holds the path by descriptor or mapping.
  const std::set<pid_t>& Holders(const std::string& path) const { return truth_.at(path); }

 private:
  void CreateFiles();
  void Start(int number, int ready, int stay);

  const std::string directory_;
  const int opened_;
  std::map<std::string, std::set<pid_t>> truth_;
  UniqueFd stay_;  // the children end when its last writer is gone
  std::vector<pid_t> children_;
};

}  // namespace rm::bench
