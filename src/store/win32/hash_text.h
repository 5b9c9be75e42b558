// The SHA-256 of a text, 32 bytes.
#pragma once

#include <string>

namespace rm {

std::string HashText(std::string text);

}  // namespace rm
