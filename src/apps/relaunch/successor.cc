#include <fmt/core.h>
#include <poll.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string_view>
#include <vector>

#include "apps/ask.h"
#include "apps/relaunch/become.h"
#include "base/start_ticks.h"

namespace rm {
namespace {

// A process can make it as long as its address space, prctl(2).
bool HasCommandLine(pid_t pid, const std::string& command) {
  std::ifstream file(fmt::format("/proc/{}/cmdline", pid), std::ios::binary);
  std::string theirs(command.size() + 1, '\0');
  file.read(theirs.data(), static_cast<std::streamsize>(theirs.size()));
  theirs.resize(static_cast<size_t>(file.gcount()));
  return theirs == command;
}

ProcessId IdOf(pid_t pid) {
  return {pid, ReadStartTicks(OpenProcessDirectory(pid).get()).value_or(0)};
}

// Programs whose purpose it is to start again what has ended, by the name that the kernel has of
// them (comm(5): 15 bytes; of a script its own). That it is spelled so harms only who does it.
constexpr std::string_view kSupervisors[] = {
    "runsv",       "s6-supervise",  "supervise",     "supervise-daemo", "supervisord",
    "circusd",     "dinit",         "shepherd",      "perpd",           "immortal",
    "mysqld_safe", "mariadbd-safe", "safe_asterisk", "autossh"};

constexpr std::string_view kShells[] = {"sh", "dash", "bash", "ash", "busybox", "ksh", "zsh"};

std::string NameOf(pid_t pid) {
  std::ifstream file(fmt::format("/proc/{}/comm", pid));
  std::string name;
  std::getline(file, name);
  return name;
}

bool IsShell(pid_t pid) {
  std::error_code none;
  const auto program = std::filesystem::read_symlink(fmt::format("/proc/{}/exe", pid), none);
  return std::ranges::find(kShells, program.filename().string()) != std::end(kShells);
}

std::vector<ProcessId> ChildrenSince(pid_t parent, uint64_t ticks) {
  std::vector<ProcessId> found;
  std::error_code none;
  for (const auto& task :
       std::filesystem::directory_iterator(fmt::format("/proc/{}/task", parent), none)) {
    std::ifstream children(task.path() / "children");
    for (pid_t pid; children >> pid;)
      if (const ProcessId child = IdOf(pid); child.start_ticks >= ticks) found.push_back(child);
  }
  return found;
}

// A shell that has begun to sleep since the stop is in a loop like `while :; do program; sleep 30;
// done`: which other reason it may have nobody can tell, and what is not started here is still
// owed.
bool IsSupervising(const RelaunchSpec& spec, const std::vector<ProcessId>& children) {
  const std::string name = NameOf(spec.parent.pid);
  if (std::ranges::find(kSupervisors, name) != std::end(kSupervisors) || name.starts_with("PM2 v"))
    return true;
  return IsShell(spec.parent.pid) && std::ranges::any_of(children, [](const ProcessId& child) {
           return NameOf(child.pid) == "sleep";
         });
}

}  // namespace

Succession AwaitSuccession(const RelaunchSpec& spec, Milliseconds limit) {
  constexpr Milliseconds kNextLook{50};  // that a process has a new child is no event
  if (spec.parent.pid <= 1) return {};
  const auto parent = OpenProcess(spec.parent);
  if (!parent) return {};
  const std::string command = CommandLineOf(spec);
  const TimePoint deadline = Clock::now() + limit;
  while (IsAlive(spec.parent)) {
    const std::vector<ProcessId> children = ChildrenSince(spec.parent.pid, spec.captured_ticks);
    for (const ProcessId& child : children)
      if (child != spec.was && HasCommandLine(child.pid, command) && IsAlive(child))
        return {child, ""};
    if (!IsSupervising(spec, children)) return {};
    if (Clock::now() >= deadline)
      return {std::nullopt, fmt::format("{} (pid {})", NameOf(spec.parent.pid), spec.parent.pid)};
    pollfd ended{parent->get(), POLLIN, 0};
    (void)poll(&ended, 1, static_cast<int>(kNextLook.count()));
  }
  return {};
}

}  // namespace rm
