// How is a session key made, stored and recognised? Only its hash is stored.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace rm {

// 128 random bits as 32 lowercase hex digits.
std::string MakeSessionKey();

// The SHA-256 of the key in lower case, 32 bytes. None: not 32 hex digits.
std::optional<std::string> HashSessionKey(std::string_view key);

}  // namespace rm
