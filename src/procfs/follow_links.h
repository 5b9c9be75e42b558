// Where does a path lead, step by step, so that each step can be looked at before it is taken?
#pragma once

#include <functional>
#include <string>

namespace rm {

// 0: `here` is a link, to `target`. EINVAL: it is none. Any other errno ends the way.
using ReadLink = std::function<int(const std::string& here, std::string& target)>;

// Follows the links of an absolute path by their text, one component after the other. 0 or an
// errno; on 0 `end` is the path without links.
int FollowLinks(const std::string& path, const ReadLink& read, std::string& end);

}  // namespace rm
