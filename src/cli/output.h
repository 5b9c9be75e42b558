// Where does a sentence go? Answers to standard output, everything else to standard error. A reader
// who went away is no reason to stop in the middle of bringing programs back.
#pragma once

#include <fmt/core.h>

#include <string>
#include <string_view>
#include <utility>

#include "cli/text.h"

namespace rm::cli {

void Answer(std::string_view text);
void Remark(std::string_view text);

// "restartctl: what happened, to what, what to do", on one line. Names that others chose have no
// control over the terminal.
template <class... Args>
void Complain(fmt::format_string<Args...> format, Args&&... args) {
  Remark("restartctl: " + Printable(fmt::format(format, std::forward<Args>(args)...)) + "\n");
}

// Whether every answer has arrived.
bool FlushAnswers();

}  // namespace rm::cli
