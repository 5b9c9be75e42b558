// Do the files, services and processes of the command line exist? A typing error must not protect
// nothing in silence.
#pragma once

#include <restartmanager.hpp>

#include "cli/options.h"

namespace rm::cli {

enum class Missing { kIsError, kIsFine };

// Everything the options name, checked: 160 with a sentence for the first that is missing.
restartmanager::Result<restartmanager::Resources> ResolveTargets(const TargetOptions& options,
                                                                 Missing missing);

}  // namespace rm::cli
