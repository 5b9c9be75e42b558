// The lines of the application protocol: the same however the bytes come, and none too long
#include <algorithm>
#include <string>
#include <vector>

#include "base/application_protocol.h"
#include "fuzz/fuzz.h"

namespace rm {
namespace {

struct Heard {
  bool good = true;
  std::vector<std::string> lines;

  bool operator==(const Heard&) const = default;
};

Heard Hear(std::string_view text, size_t piece) {
  Lines lines;
  Heard heard;
  while (heard.good && !text.empty()) {
    heard.good = lines.Add(text.substr(0, piece));
    text.remove_prefix(std::min(piece, text.size()));
    while (auto line = lines.Next()) heard.lines.push_back(*line);
  }
  return heard;
}

}  // namespace
}  // namespace rm

void rm::Fuzz(std::string_view input) {
  const Heard whole = Hear(input, std::max<size_t>(input.size(), 1));
  for (const std::string& line : whole.lines) Require(line.size() < kLongestLine);
  for (const size_t piece : {3, 1000}) Require(Hear(input, piece) == whole);
}
