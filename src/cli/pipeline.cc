#include "cli/pipeline.h"

#include <fmt/core.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

namespace rm::cli {

std::set<std::string> OwnPipes() {
  std::set<std::string> pipes;
  for (const int stream : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    struct stat what {};
    if (fstat(stream, &what) != 0 || !S_ISFIFO(what.st_mode)) continue;
    pipes.insert(fmt::format("pipe:[{}]", what.st_ino));
  }
  return pipes;
}

bool HasPipe(pid_t pid, const std::set<std::string>& pipes) {
  if (pipes.empty()) return false;
  std::error_code failed;
  const std::filesystem::directory_iterator descriptors(fmt::format("/proc/{}/fd", pid), failed);
  for (const auto& descriptor : descriptors) {
    const auto target = std::filesystem::read_symlink(descriptor.path(), failed);
    if (!failed && pipes.contains(target.string())) return true;
  }
  return false;
}

}  // namespace rm::cli
