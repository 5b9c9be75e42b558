// How is a session key made, stored and recognised? Only its hash is stored.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace rm {

// From getrandom(2).
uint64_t RandomNumber();

// 128 random bits as 32 lowercase hex digits.
std::string MakeSessionKey();

// The SHA-256 of the key in lower case, 32 bytes. None: not 32 hex digits.
std::optional<std::string> HashSessionKey(std::string_view key);

// Takes the same time wherever the two differ.
bool SameHash(std::string_view a, std::string_view b);

}  // namespace rm
