// Do the files, services and processes of the command line exist? A typing error must not protect
// nothing in silence.
#pragma once

#include <restartmanager.hpp>
#include <string>
#include <vector>

#include "cli/options.h"

namespace rm::cli {

enum class Missing { kIsError, kIsFine };

struct Targets {
  restartmanager::Resources resources;
  std::vector<std::string> trees;  // absolute
  bool mounts = false;
  std::vector<std::string> directories;  // of the files, as far as was looked at
};

// Everything the options name, checked: 160 with a sentence for the first that is missing.
restartmanager::Result<Targets> ResolveTargets(const TargetOptions& options, Missing missing);

// Says on standard error what could not be looked into below a tree, and that what is below a
// directory that is no tree is not asked for.
restartmanager::Result<void> Register(restartmanager::Session& session, const Targets& targets);

}  // namespace rm::cli
