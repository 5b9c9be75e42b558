// Which randomness and which hash does this platform have? Nothing else of a session key differs.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace rm {

// From the kernel's generator.
uint64_t RandomNumber();

// The SHA-256 of a text, 32 bytes.
std::string HashText(std::string_view text);

// Takes the same time wherever the two differ.
bool SameHash(std::string_view a, std::string_view b);

}  // namespace rm
