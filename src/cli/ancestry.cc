#include "cli/ancestry.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <sstream>
#include <string>
#include <system_error>

namespace rm::cli {
namespace {

constexpr unsigned kForkNoExec = 0x40;  // PF_FORKNOEXEC of <linux/sched.h>, since 2.6

// "": it has ended, or /proc hides it (hidepid), as only those of other users. Throws what main()
// tells: half an ancestry would be somebody else's.
std::string ReadStat(pid_t pid) {
  const std::string path = fmt::format("/proc/{}/stat", pid);
  const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  char text[4096];
  const ssize_t size = file < 0 ? -1 : read(file, text, sizeof text);
  const int error = errno;
  if (file >= 0) close(file);
  if (size >= 0) return {text, static_cast<size_t>(size)};
  if (error == ENOENT || error == ESRCH || error == EPERM) return "";
  throw std::system_error(error, std::generic_category(), path + " cannot be read");
}

}  // namespace

std::optional<Ancestor> ParseStat(std::string_view line) {
  const size_t name_end = line.rfind(')');  // the name may hold blanks and parentheses
  if (name_end == std::string_view::npos) return std::nullopt;
  std::istringstream before{std::string(line.substr(0, name_end))};
  std::istringstream after{std::string(line.substr(name_end + 1))};
  Ancestor ancestor;
  char state = 0;
  int group = 0;
  int session = 0;
  int terminal = 0;
  int foreground = 0;
  unsigned flags = 0;
  before >> ancestor.pid;
  after >> state >> ancestor.parent >> group >> session >> terminal >> foreground >> flags;
  if (!before || !after) return std::nullopt;
  ancestor.forked_only = (flags & kForkNoExec) != 0;
  return ancestor;
}

std::vector<Ancestor> AncestryOf(pid_t first) {
  std::vector<Ancestor> ancestry;
  for (pid_t pid = first; pid > 1; pid = ancestry.back().parent) {
    const auto ancestor = ParseStat(ReadStat(pid));
    if (!ancestor) break;
    ancestry.push_back(*ancestor);
  }
  return ancestry;
}

std::optional<pid_t> CallingShell(const std::vector<Ancestor>& ancestry_of_parent) {
  if (ancestry_of_parent.empty()) return std::nullopt;
  const auto shell = std::find_if(ancestry_of_parent.begin(), ancestry_of_parent.end(),
                                  [](const Ancestor& a) { return !a.forked_only; });
  return shell == ancestry_of_parent.end() ? ancestry_of_parent.back().pid : shell->pid;
}

}  // namespace rm::cli
