// What does the command line ask for?
#pragma once

#include <string>
#include <vector>

#include "cli/options.h"

namespace rm::cli {

// `arguments`: argv[1..]. Touches nothing but its arguments.
Options ParseArguments(std::vector<std::string> arguments);

}  // namespace rm::cli
