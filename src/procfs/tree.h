// Which objects are below this directory now?
#pragma once

#include <chrono>
#include <stop_token>
#include <string>
#include <vector>

#include "base/result.h"
#include "model/resource.h"

namespace rm {

inline constexpr size_t kMostTreeEntries = 1'000'000;

struct TreeOptions {
  bool other_file_systems = false;  // go into what is mounted below it
  std::stop_token cancel = {};
  size_t most = kMostTreeEntries;
  std::chrono::milliseconds patience{3000};  // with a server
};

struct TreeWalk {
  // Files and directories of any kind but symbolic links, which are not followed; the root itself
  // is not among them. A directory comes before what is in it.
  std::vector<TreeEntry> entries;
  std::vector<Skipped> skipped;  // by their full path
};

// `root` is absolute; links on the way to it, and it itself, are followed. A root that does not
// exist, or is no directory, has nothing below it. What changes meanwhile is seen as it was before
// or after. Opens nothing but directories, mounts nothing; without `other_file_systems` it never
// leaves the file system of `root`, whoever changes the tree meanwhile.
//
// A directory that may not be read, whose path is too long for the kernel, or whose server does not
// answer for as long as `patience`, is skipped; with the latter, all of its file system that was
// not looked into before. Five times that is spent on slow servers at most.
// 14 more than `most` entries, or no memory; 1223 cancelled.
Result<TreeWalk> WalkTree(const std::string& root, const TreeOptions& options);

}  // namespace rm
