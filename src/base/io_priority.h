// What are the numbers of ioprio_set(2)? <linux/ioprio.h> has them, but is no C++ in every version:
// Debian's 6.1.192 has a parameter named "class" there.
#pragma once

namespace rm {

inline constexpr int kIoPriorityOfProcess = 1;   // IOPRIO_WHO_PROCESS
inline constexpr int kIoPriorityRealTime = 1;    // IOPRIO_CLASS_RT
inline constexpr int kIoPriorityBestEffort = 2;  // IOPRIO_CLASS_BE

// `level`: 0 (first) to 7.
constexpr int IoPriority(int priority_class, int level) { return priority_class << 13 | level; }

}  // namespace rm
