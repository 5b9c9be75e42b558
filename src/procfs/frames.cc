#include "procfs/frames.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

namespace rm {

using std::chrono::milliseconds;

std::string Frame(std::string_view piece) {
  const size_t size = piece.size();
  std::string frame(reinterpret_cast<const char*>(&size), sizeof size);
  return frame.append(piece);
}

bool WriteAll(int out, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t put = write(out, bytes.data(), bytes.size());
    if (put <= 0) return false;
    bytes.remove_prefix(static_cast<size_t>(put));
  }
  return true;
}

FrameReader::FrameReader(UniqueFd in, const std::stop_token& cancel)
    : in_(std::move(in)), cancel_(cancel) {
  if (cancel_.stop_possible()) wake_.Reset(eventfd(0, EFD_CLOEXEC));
}

std::optional<std::string> FrameReader::Next(Clock::time_point due) {
  const std::stop_callback wake(cancel_, [this] { eventfd_write(wake_.get(), 1); });
  std::array<char, 64 << 10> page;
  for (;;) {
    if (buffer_.size() - at_ >= sizeof(size_t)) {
      size_t size = 0;
      std::memcpy(&size, buffer_.data() + at_, sizeof size);
      if (buffer_.size() - at_ - sizeof size >= size) {
        std::string piece = buffer_.substr(at_ + sizeof size, size);
        at_ += sizeof size + size;
        return piece;
      }
    }
    buffer_.erase(0, std::exchange(at_, 0));
    const auto left = std::chrono::ceil<milliseconds>(due - Clock::now()).count();
    pollfd ready[] = {{.fd = in_.get(), .events = POLLIN, .revents = 0},
                      {.fd = wake_.get(), .events = POLLIN, .revents = 0}};
    const int polled = poll(ready, 2, static_cast<int>(std::max<int64_t>(left, 0)));
    if (polled < 0 && errno == EINTR) continue;
    if (polled <= 0 || cancel_.stop_requested()) return std::nullopt;
    const ssize_t got = read(in_.get(), page.data(), page.size());
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return std::nullopt;
    buffer_.append(page.data(), static_cast<size_t>(got));
  }
}

}  // namespace rm
