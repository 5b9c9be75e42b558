// The command line with which a program wants to be started again
#include "appside/command_line.h"

#include <cstring>

#include "fuzz/fuzz.h"

void rm::Fuzz(std::string_view input) {
  std::u16string text(input.size() / 2, u'\0');
  std::memcpy(text.data(), input.data(), text.size() * 2);
  const auto arguments = SplitCommandLine(text);
  Require(SplitCommandLine(JoinCommandLine(arguments)) == arguments);
}
