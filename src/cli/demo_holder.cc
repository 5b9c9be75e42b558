#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <string>

#include "cli/commands.h"
#include "cli/demo_holders.h"
#include "cli/exit_codes.h"
#include "cli/pidfd.h"

namespace rm::cli {
namespace {

// The first line of the file, through a mapping that stays when the descriptor is closed.
std::string MapFirstLine(const std::string& path) {
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return "";
  struct stat size {};
  fstat(fd, &size);
  const auto length = static_cast<size_t>(size.st_size);
  void* map = mmap(nullptr, length, PROT_READ, MAP_PRIVATE, fd, 0);
  close(fd);
  if (map == MAP_FAILED) return "";
  const std::string text(static_cast<const char*>(map), length);
  return text.substr(0, text.find('\n'));
}

// Appears whole, or not at all.
bool SayWhatIsHeld(const std::string& directory, const std::string& content) {
  const auto self = restartmanager::DescribeProcess(static_cast<DWORD>(getpid()));
  if (!self) return false;
  const std::string name = directory + "/" + HolderName(*self);
  const std::string draft = name + ".draft";
  std::FILE* file = std::fopen(draft.c_str(), "wxe");
  if (!file) return false;
  std::fputs(content.c_str(), file);
  return std::fclose(file) == 0 && rename(draft.c_str(), name.c_str()) == 0;
}

}  // namespace

int HoldForDemo(const HolderOptions& options) {
  const int owner = OpenPidfd(static_cast<pid_t>(options.owner));
  if (owner < 0) return kExitBroken;
  const std::string content = MapFirstLine(options.file);
  if (content.empty() || !SayWhatIsHeld(options.directory, content)) return kExitBroken;
  pollfd gone{owner, POLLIN, 0};
  while (poll(&gone, 1, -1) < 0) {
  }
  return 0;
}

}  // namespace rm::cli
