// Which of these processes have windows? Asked of every display that they may be on.
#pragma once

#include <map>
#include <stop_token>
#include <string>

#include "model/contact.h"
#include "model/display.h"
#include "model/process.h"

namespace rm {

// Adds to `contacts` what the displays say, each asked with the rights of the process that is on
// it. Blocks up to 2 s in all, however many displays there are and whatever they do: who is on one
// that does not answer has a display, and no windows.
void AddWindows(const std::map<ProcessId, DisplayAccess>& displays, const std::string& programs,
                std::map<ProcessId, Contact>& contacts, const std::stop_token& cancel);

// What asks a display, beside the other programs of the library.
std::string WindowsProgram(const std::string& programs);

}  // namespace rm
