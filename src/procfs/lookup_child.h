// How is a path looked up that may lead to a dead server? By a process that can be left behind.
#pragma once

#include <chrono>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "model/resource.h"

namespace rm {

using LookUp = std::function<Result<FileResource>(const std::string& path)>;

// Calls `look` for each path, as AnswersFromChild does. What is not answered is `unreachable`, with
// all other paths below the same one of the `served` mount points. A mount point that gave no
// answer in the last ten seconds gets a quarter of `patience`: who registers, lists and stops waits
// for a dead server once. The first failure of `look` is returned.
Result<std::vector<FileResource>> LookFromChild(std::span<const std::string> paths,
                                                const std::vector<std::string>& served,
                                                const LookUp& look,
                                                std::chrono::milliseconds patience);

}  // namespace rm
