// Why is an app of its type? For people. Pure.
#pragma once

#include <string>

#include "model/app.h"
#include "model/fact.h"

namespace rm {

// A sentence without its full stop, about an app whose type is decided.
std::string WhyType(const App& app, const Observation& seen);

}  // namespace rm
