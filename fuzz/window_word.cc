// What the helper says that has the rights of the display's user: titles are any program's
#include "fuzz/fuzz.h"
#include "model/display.h"

void rm::Fuzz(std::string_view input) {
  const auto word = ParseWindowWord(input);
  if (!word) return;
  const std::string line = ToLine(*word);
  Require(line.size() <= kMostWindowWord && line.find('\n') == line.size() - 1);
  Require(ParseWindowWord(std::string_view(line).substr(0, line.size() - 1)) == word);
}
