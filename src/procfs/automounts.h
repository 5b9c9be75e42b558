// Where would something be mounted as soon as somebody looks there? autofs(5),
// systemd.automount(5).
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "procfs/parse.h"

namespace rm {

class Automounts {
 public:
  explicit Automounts(const std::vector<MountLine>& mounts);

  // Even to ask what is at this path, which has no links, may have to wait: until somebody who came
  // there first has got it mounted.
  bool IsPoint(const std::string& path) const { return points_.contains(path); }
  // Whether to look into a directory on this device mounts something. `root`: it is the topmost.
  bool Mounts(uint64_t dev, bool root) const;

 private:
  std::set<std::string> points_;
  std::map<uint64_t, bool> mounts_below_;  // by device: not where it is itself, but on its folders
};

}  // namespace rm
