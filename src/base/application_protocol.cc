#include "base/application_protocol.h"

namespace rm {

std::string ListenerPrefix(pid_t pid) { return "restartapp." + std::to_string(pid) + "."; }

bool IsLine(std::string_view line, std::string_view known) {
  return line.starts_with(known) && (line.size() == known.size() || line[known.size()] == ' ');
}

bool Lines::Add(std::string_view bytes) {
  text_ += bytes;
  const size_t last = text_.rfind('\n');
  const size_t unfinished = last == text_.npos ? text_.size() : text_.size() - last - 1;
  return unfinished < kLongestLine;
}

std::optional<std::string> Lines::Next() {
  const size_t end = text_.find('\n');
  if (end == text_.npos) return std::nullopt;
  std::string line = text_.substr(0, end);
  text_.erase(0, end + 1);
  return line;
}

}  // namespace rm
