// Where does a standard stream of a process lead, and can a new process have it again?
#pragma once

#include <sys/types.h>

#include <string>

#include "model/relaunch.h"

namespace rm {

// 0, or the errno of what went wrong on our side. `lack` is "" when it can, else the sentence that
// says what is lacking; `stream` is then what comes nearest. Its `object` is only told if one look
// has shown both that and the flags: whoever brings the process back opens it with all rights, and
// a hostile one puts another file in its place between two looks.
int ReadStream(int process_directory, pid_t pid, int fd, StandardStream& stream, std::string& lack);

// Whether it has the other end of a pseudoterminal open, as tmux, xterm and sshd do: whoever runs
// on that terminal ends with it. False also when that may not be read.
bool HasTerminalOfOthers(int process_directory);

}  // namespace rm
