// How many threads get on at the same time?
#pragma once

#include <algorithm>
#include <thread>

namespace rm {

// At least 1, also where the system does not tell.
inline unsigned Processors() { return std::max(std::thread::hardware_concurrency(), 1u); }

}  // namespace rm
