// Where does a standard stream of a process lead, and can a new process have it again?
#pragma once

#include <string>

#include "model/relaunch.h"

namespace rm {

// 0, or the errno of what went wrong on our side. `lack` is "" when it can, else the sentence that
// says what is lacking; `stream` is then /dev/null.
int ReadStream(int process_directory, int fd, StandardStream& stream, std::string& lack);

}  // namespace rm
