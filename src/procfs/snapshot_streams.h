// Where does a standard stream of a process lead, and can a new process have it again?
#pragma once

#include <string>

#include "model/relaunch.h"

namespace rm {

// Returns "" when it can, else the sentence that says what is lacking; `stream` is then /dev/null.
std::string ReadStream(int process_directory, int fd, StandardStream& stream);

}  // namespace rm
