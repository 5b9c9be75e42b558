// Where does one message of D-Bus end, and what is it?
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace rm::test {

// Bytes that begin a message, and no line of the authentication before it.
bool IsMessage(std::string_view bytes);

// The bytes of the first message; none: it is not complete.
std::optional<size_t> MessageSize(std::string_view bytes);

// The method that a complete message calls; "" if it calls none.
std::string CalledMethod(std::string_view message);

// An answer, or an error.
bool IsReply(std::string_view message);

// An error that answers the call.
std::string ErrorReply(std::string_view call, std::string_view name, std::string_view text);

}  // namespace rm::test
