#include <fmt/core.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "apps/ask.h"
#include "apps/relaunch/become.h"
#include "base/start_ticks.h"

namespace rm {
namespace {

std::string ReadCommandLine(pid_t pid) {
  std::ifstream file(fmt::format("/proc/{}/cmdline", pid), std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

ProcessId IdOf(pid_t pid) {
  return {pid, ReadStartTicks(OpenProcessDirectory(pid).get()).value_or(0)};
}

}  // namespace

std::optional<ProcessId> SuccessorByParent(const RelaunchSpec& spec) {
  if (spec.parent.pid <= 1 || !IsAlive(spec.parent)) return std::nullopt;
  const std::string command = CommandLineOf(spec);
  std::error_code none;
  for (const auto& task :
       std::filesystem::directory_iterator(fmt::format("/proc/{}/task", spec.parent.pid), none)) {
    std::ifstream children(task.path() / "children");
    for (pid_t pid; children >> pid;) {
      const ProcessId child = IdOf(pid);
      if (child.start_ticks >= spec.captured_ticks && child != spec.was &&
          ReadCommandLine(pid) == command && IsAlive(child))
        return child;
    }
  }
  return std::nullopt;
}

}  // namespace rm
