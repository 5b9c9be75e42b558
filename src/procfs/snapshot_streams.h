// Where does a standard stream of a process lead, and can a new process have it again?
#pragma once

#include <string>

#include "model/relaunch.h"

namespace rm {

// 0, or the errno of what went wrong on our side. `lack` is "" when it can, else the sentence that
// says what is lacking; `stream` is then what comes nearest.
int ReadStream(int process_directory, int fd, StandardStream& stream, std::string& lack);

// Whether it has the other end of a pseudoterminal open, as tmux, xterm and sshd do: whoever runs
// on that terminal ends with it. False also when that may not be read.
bool HasTerminalOfOthers(int process_directory);

}  // namespace rm
