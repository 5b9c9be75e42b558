#include "cli/streams.h"

#include <fcntl.h>
#include <unistd.h>

#include <initializer_list>

namespace rm::cli {

void ReserveStandardStreams() {
  for (const int stream : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (fcntl(stream, F_GETFD) >= 0) continue;
    // The lowest number that is free, which is this one. It cannot do what the stream is for.
    const int way = stream == STDIN_FILENO ? O_WRONLY : O_RDONLY;
    if (open("/dev/null", way | O_CLOEXEC) != stream) return;
  }
}

}  // namespace rm::cli
