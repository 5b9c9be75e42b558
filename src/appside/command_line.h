// Which arguments does a command line mean? Those of Windows' CommandLineToArgvW, after the first.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace rm {

// Blanks and tabs separate arguments. A quote begins or ends a part in which they do not. Before a
// quote, two backslashes are one and an odd one makes the quote an ordinary character; elsewhere
// backslashes are themselves. Of quotes in a row every third is itself (and ends the quoted part).
std::vector<std::u16string> SplitCommandLine(std::u16string_view text);

// A command line that splits into these.
std::u16string JoinCommandLine(const std::vector<std::u16string>& arguments);

}  // namespace rm
