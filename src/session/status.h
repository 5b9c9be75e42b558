// How does what was seen before go together with what is seen now? contract.md 9. Pure.
#pragma once

#include <functional>
#include <vector>

#include "model/app.h"

namespace rm {

// Everyone affected now, with the history of who was seen before; and those seen before who are
// gone. `alive` tells whether a process still exists: who lives and no longer holds anything is
// dropped, who has vanished stays with StoppedOther.
std::vector<App> MergeSeen(std::vector<App> now, const std::vector<App>& before,
                           const std::function<bool(const ProcessId&)>& alive);

// Decides App::outcome of what MergeSeen returned for `before`, after restarting.
void JudgeOutcomes(std::vector<App>& seen, const std::vector<App>& before);

}  // namespace rm
