// What may the guard do? capabilities(7).
#pragma once

#include <initializer_list>

#include "base/result.h"

namespace rm {

// Gives up every capability but these, of those that the process has. What it executes as root has
// them all again: rm-relaunch needs them. 5.
Result<void> KeepCapabilities(std::initializer_list<int> kept);

}  // namespace rm
