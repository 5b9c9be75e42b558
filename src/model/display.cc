#include "model/display.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "base/text.h"

namespace rm {
namespace {

constexpr std::array<std::pair<CloseState, std::string_view>, 4> kStates = {
    {{CloseState::kNone, "none"},
     {CloseState::kOpen, "open"},
     {CloseState::kWaiting, "waiting"},
     {CloseState::kClosed, "closed"}}};

constexpr size_t kMostText = 256;

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// Titles are what any program likes.
std::string Title(std::string_view text) { return OneLine(text.substr(0, kMostText)); }

// The part before the next blank, which is taken away.
std::string_view TakeWord(std::string_view& line) {
  const std::string_view word = line.substr(0, line.find(' '));
  line.remove_prefix(std::min(line.size(), word.size() + 1));
  return word;
}

bool TakePid(std::string_view& line, pid_t& pid) {
  const std::string_view word = TakeWord(line);
  const char* end = word.data() + word.size();
  const auto [stop, error] = std::from_chars(word.data(), end, pid);
  return error == std::errc() && stop == end && pid > 0;
}

bool ParseHas(std::string_view rest, WindowWord& word) {
  if (!TakePid(rest, word.pid)) return false;
  word.shown = rest == "shown";
  return word.shown || rest == "hidden";
}

bool ParseState(std::string_view rest, WindowWord& word) {
  if (!TakePid(rest, word.pid)) return false;
  const std::string_view name = TakeWord(rest);
  for (const auto& [state, spelled] : kStates) {
    if (spelled != name) continue;
    word.state = state;
    word.text = Title(rest);
    return true;
  }
  return false;
}

}  // namespace

std::optional<std::string> LocalDisplay(std::string_view display) {
  if (display.starts_with("unix:")) display.remove_prefix(4);
  if (!display.starts_with(':')) return std::nullopt;
  const std::string_view rest = display.substr(1);
  const size_t digits = std::find_if_not(rest.begin(), rest.end(), IsDigit) - rest.begin();
  if (digits == 0 || digits > 5) return std::nullopt;
  const std::string_view screen = rest.substr(digits);
  const bool has_screen = screen.size() > 1 && screen.size() <= 4 && screen.front() == '.' &&
                          std::all_of(screen.begin() + 1, screen.end(), IsDigit);
  if (!screen.empty() && !has_screen) return std::nullopt;
  return ":" + std::string(rest.substr(0, digits));
}

std::string ToLine(const WindowWord& word) {
  switch (word.kind) {
    case WindowWord::kHas:
      return fmt::format("has {} {}\n", word.pid, word.shown ? "shown" : "hidden");
    case WindowWord::kEnd:
      return "end\n";
    case WindowWord::kState:
      return fmt::format("state {} {} {}\n", word.pid,
                         kStates[static_cast<size_t>(word.state)].second, Title(word.text));
    case WindowWord::kTrouble:
      return fmt::format("trouble {}\n", Title(word.text));
  }
  return "";
}

std::optional<WindowWord> ParseWindowWord(std::string_view line) {
  WindowWord word;
  const std::string_view verb = TakeWord(line);
  if (verb == "end" && line.empty()) {
    word.kind = WindowWord::kEnd;
  } else if (verb == "has") {
    word.kind = WindowWord::kHas;
    if (!ParseHas(line, word)) return std::nullopt;
  } else if (verb == "state") {
    word.kind = WindowWord::kState;
    if (!ParseState(line, word)) return std::nullopt;
  } else if (verb == "trouble") {
    word.kind = WindowWord::kTrouble;
    word.text = Title(line);
  } else {
    return std::nullopt;
  }
  return word;
}

}  // namespace rm
