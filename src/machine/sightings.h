// What the kernel has seen: which of it is one of the files? What its numbers do not prove, /proc
// is asked about, once for each object.
#pragma once

#include <sys/types.h>

#include <span>
#include <unordered_map>
#include <vector>

#include "bpf/sighting.h"
#include "model/fact.h"
#include "procfs/layers.h"
#include "procfs/proc_tree.h"
#include "procfs/target_set.h"

namespace rm {

struct Judgement {
  std::vector<Holding> holdings;
  std::vector<pid_t> ask_proc;  // sorted: /proc has to be asked about all that they hold
};

class Sightings {
 public:
  Sightings(const ProcTree& proc, const TargetSet& targets);

  void Add(std::span<const RmSighting> told);
  void Merge(Sightings&& other);
  // Once, after all were added.
  Judgement Judge();

 private:
  void Add(const RmSighting& sighting);
  void Hold(const RmSighting& sighting, const FileTarget& target);
  void JudgeObject(const std::vector<RmSighting>& sightings);

  const ProcTree* proc_;
  const TargetSet* targets_;
  int64_t clock_offset_ns_;
  Layers layers_{Layers::Wait::kMayNot};
  Judgement judged_;
  std::unordered_map<uint64_t, std::vector<RmSighting>> open_;  // by object
};

}  // namespace rm
