// Which clock do limits use? The monotonic one: setting the date must not change a time limit.
#pragma once

#include <chrono>

namespace rm {

using Clock = std::chrono::steady_clock;
using TimePoint = Clock::time_point;
using Milliseconds = std::chrono::milliseconds;

}  // namespace rm
