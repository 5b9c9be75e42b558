// How do pieces of text go through a pipe, one after the other?
#pragma once

#include <chrono>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

#include "base/unique_fd.h"

namespace rm {

std::string Frame(std::string_view piece);
// False: nobody reads it any more.
bool WriteAll(int out, std::string_view bytes);

class FrameReader {
 public:
  using Clock = std::chrono::steady_clock;

  explicit FrameReader(UniqueFd in, const std::stop_token& cancel = {});

  // None: nothing more came in time, or was written at all, or it was cancelled.
  std::optional<std::string> Next(Clock::time_point due);

 private:
  const UniqueFd in_;
  UniqueFd wake_;  // readable when cancelled
  std::stop_token cancel_;
  std::string buffer_;
  size_t at_ = 0;  // what is before was taken
};

}  // namespace rm
