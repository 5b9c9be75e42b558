// guest NAME: what a population is made of. Notes each of its starts, then runs until it is ended.
#include <fcntl.h>
#include <unistd.h>

#include <string>

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  const std::string program = argv[0];
  const std::string starts = program.substr(0, program.rfind('/')) + "/starts";
  const std::string line = std::string(argv[1]) + " " + std::to_string(getpid()) + "\n";
  const int file = open(starts.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC);
  if (file < 0 || write(file, line.data(), line.size()) < 0) return 1;
  close(file);
  while (true) pause();
}
