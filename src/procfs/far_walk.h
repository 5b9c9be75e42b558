// How is a part of a tree looked through whose server may die meanwhile? By a child, which tells as
// it goes and can be left behind.
#pragma once

#include <vector>

#include "base/result.h"
#include "procfs/tree_walker.h"

namespace rm {

// Tells `sink` of what is below these places. One that is not answered for as long as the options
// say is skipped, like all others of its file system. At most five times that is spent on waiting
// for servers that are slow.
Result<void> WalkFar(TreeWalker& walker, std::vector<TreePlace> places, const TreeOptions& options,
                     TreeSink& sink);

}  // namespace rm
