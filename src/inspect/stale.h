// Is a mapped file outdated code, and what would renew its app? Pure.
#pragma once

#include "model/fact.h"
#include "model/stale.h"

namespace rm {

// docs/architecture.md, "Outdated code", has the rules.
StaleFile Judge(const MappedFile& file);

// Sets `cure` and `how` of an app that has stale files.
void FindCure(StaleApp& stale, const Observation& seen);

}  // namespace rm
