#include "base/application_protocol.h"

#include <algorithm>

namespace rm {

std::string ListenerPrefix(pid_t pid) { return "restartapp." + std::to_string(pid) + "."; }

bool IsLine(std::string_view line, std::string_view known) {
  return line.starts_with(known) && (line.size() == known.size() || line[known.size()] == ' ');
}

bool Lines::Add(std::string_view bytes) {
  size_t begin = text_.rfind('\n') + 1;
  text_ += bytes;
  while (true) {
    const size_t end = text_.find('\n', begin);
    const size_t size = std::min(end, text_.size()) - begin;
    if (size >= kLongestLine) {
      text_.resize(begin);
      return false;
    }
    if (end == text_.npos) return true;
    begin = end + 1;
  }
}

std::optional<std::string> Lines::Next() {
  const size_t end = text_.find('\n');
  if (end == text_.npos) return std::nullopt;
  std::string line = text_.substr(0, end);
  text_.erase(0, end + 1);
  return line;
}

}  // namespace rm
