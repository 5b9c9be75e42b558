// Which of these processes have windows? Asked of every display that they may be on.
#pragma once

#include <map>
#include <stop_token>
#include <string>
#include <vector>

#include "model/contact.h"
#include "model/process.h"
#include "procfs/proc_tree.h"

namespace rm {

// Adds to `contacts` what the displays of these processes say, each asked with the rights of the
// process that is on it. Blocks up to 2 s in all, however many displays there are and whatever
// they do: who is on one that does not answer has a display, and no windows.
void AddWindows(const ProcTree& proc, const std::string& programs,
                const std::vector<ProcessId>& processes, std::map<ProcessId, Contact>& contacts,
                const std::stop_token& cancel);

// What asks a display, beside the other programs of the library.
std::string WindowsProgram(const std::string& programs);

}  // namespace rm
