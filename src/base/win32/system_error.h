// What does Windows say about the last failure? A sentence with its number.
#pragma once

#include <string>

namespace rm {

std::string LastSystemError();

}  // namespace rm
