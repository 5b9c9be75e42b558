// Asks one back end who uses the files, the identifying of them included.
#pragma once

#include <string>
#include <vector>

#include "machine/holder_finder.h"

namespace rm::bench {

class Asker {
 public:
  explicit Asker(const ProcTree& proc) : finder_(proc) {}

  // Dies of what fails.
  HolderScan Find(const std::vector<std::string>& files, Backend backend, unsigned threads);
  void Load(size_t numbers);

 private:
  HolderFinder finder_;
};

}  // namespace rm::bench
