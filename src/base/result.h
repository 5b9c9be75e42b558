// How does a function say that it failed? With a Win32 code for callers and a sentence for people.
#pragma once

#include <fmt/core.h>

#include <cstdint>
#include <string>
#include <tl/expected.hpp>
#include <utility>

namespace rm {

// `code` is one of base/win32_codes.h. `message` says what happened, to what, and what to do.
struct Error {
  uint32_t code = 0;
  std::string message;
};

template <class T>
class [[nodiscard]] Result : public tl::expected<T, Error> {
 public:
  using tl::expected<T, Error>::expected;
};

template <class... Args>
tl::unexpected<Error> Fail(uint32_t code, fmt::format_string<Args...> format, Args&&... args) {
  return tl::unexpected<Error>(Error{code, fmt::format(format, std::forward<Args>(args)...)});
}

// Passes a failure of one Result on as the failure of another.
template <class T>
tl::unexpected<Error> Pass(Result<T>&& failed) {
  return tl::unexpected<Error>(std::move(failed.error()));
}

}  // namespace rm
