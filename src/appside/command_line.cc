#include "appside/command_line.h"

namespace rm {
namespace {

bool IsBlank(char16_t c) { return c == u' ' || c == u'\t'; }

}  // namespace

std::vector<std::u16string> SplitCommandLine(std::u16string_view text) {
  std::vector<std::u16string> arguments;
  bool in_argument = false;
  int quotes = 0;  // 1: within quotes. The row of quotes that is being read counts on from there.
  for (size_t at = 0; at < text.size();) {
    if (IsBlank(text[at]) && quotes == 0) {
      in_argument = false;
      ++at;
      continue;
    }
    if (!in_argument) arguments.emplace_back();
    in_argument = true;
    std::u16string& argument = arguments.back();

    size_t backslashes = 0;
    while (at < text.size() && text[at] == u'\\') ++backslashes, ++at;
    if (at == text.size() || text[at] != u'"') {
      argument.append(backslashes, u'\\');
      if (backslashes == 0) argument += text[at++];
      continue;
    }
    argument.append(backslashes / 2, u'\\');
    if (backslashes % 2 != 0) {
      argument += u'"';
      ++at;
      continue;
    }
    for (; at < text.size() && text[at] == u'"'; ++at)
      if (++quotes == 3) {
        argument += u'"';
        quotes = 0;
      }
    if (quotes == 2) quotes = 0;
  }
  return arguments;
}

std::u16string JoinCommandLine(const std::vector<std::u16string>& arguments) {
  std::u16string text;
  for (const std::u16string& argument : arguments) {
    if (!text.empty()) text += u' ';
    const bool quoted = argument.empty() || argument.find_first_of(u" \t\"") != argument.npos;
    if (quoted) text += u'"';
    size_t backslashes = 0;
    for (char16_t c : argument) {
      if (c == u'"') text.append(backslashes + 1, u'\\');
      backslashes = c == u'\\' ? backslashes + 1 : 0;
      text += c;
    }
    if (quoted) text.append(backslashes, u'\\') += u'"';
  }
  return text;
}

}  // namespace rm
